"""Invented passages of protocols; what should be masked stands in «kind:value», nothing else.

By the author of the rules, and not apart from them. With what is known to be hard: names without a hint,
surnames that are words, years, doses, sample sizes, places and institutes named after people.
"""

# ruff: noqa: E501 - a passage a line

from __future__ import annotations

PASSAGES = (
    "Principal Investigator: «name:Ana Silva», PhD, Department of Nursing. Will participants be paid?",
    "Dr. «name:Will Grant» will recruit in Grant County with the Grant County Health Department.",
    "PI: «name:Okafor, Chidi»\nCo-I: «name:Maria de la Cruz»; Coordinator: «name:Tomás Núñez»",
    "Questions go to «email:walk-study@example.edu»; call «phone:(804) 555-0142» or «phone:804-555-0199».",
    "Please contact «name:Rosa Marques» at «email:rosa.marques+irb@health.example.org».",
    "The study nurse, «name:Jane Doe», RN, visits each home. Doe eyes and doe hides are not used.",
    "Reviewed under IRB number «record:HM20013139» and grant «record:R01 MH123456».",
    "We will enrol 1,200 adults (ages 18-65) in 2023-2025 at 50 mg, then 100 mg daily for 12 weeks.",
    "The Institute of Mental Health, the Harris Center and St. Mary Hospital are partners.",
    "Protocol «record:IRB-2023-0456» amends «record:STUDY00012345»; registered as «record:NCT04123456».",
    "Chart review by MRN: «record:5550123». The SSN, such as «record:123-45-6789», is never stored.",
    "Professor «name:Lindqvist» leads the analysis. «name:Lindqvist» reads all transcripts.",
    "Contact information is kept apart. Contact hours are 9 to 17. Contact tracing is not done.",
    "Investigator Brochure version 3 and Coordinator Training are attached. Data Manager duties vary.",
    "Call «phone:+1 804 828 0100» ext. 22, or in Portugal «phone:+351 21 790 0000», on weekdays.",
    "Mr. «name:O'Neill» and Ms. «name:Adaeze Obi» sit on the community board.",
    "The team of «name:Ben Carver» (PI) meets «name:Carver»'s partners each month.",
    "May participants withdraw? May is Mental Health Month. Mark each box. Rose hip tea is served.",
    "Write to «email:ana.silva [at] vcu.example.edu» for the form.",
    "«name:Kwame Mensah», MD, MPH and «name:Li Wei», PhD, supervise the clinic.",
    "Families were told by «name:Keisha Brown» that the church would host the walk.",
    "Our partner «name:Luis Ortega» opened the hall; «name:Ortega» also cooks.",
    "Blood is drawn at 8:30, 12:30 and 16:30; 24-hour urine is 1500 ml; BMI 18.5-24.9.",
    "Funded by award «record:U54MD012345» and contract number «record:75N92020D00021».",
    "Section 45 CFR 46.104, ISO 14155 and ICD-10 code E11.9 apply. Form 1572 is signed.",
    "ZIP codes 23219 and 23298 in Richmond, 230,000 people, 15.5 % of them over 65.",
    "Text STOP to «phone:804.555.0177» at any time. The hotline 988 is given to all.",
    "Faculty advisor: Dr. «name:Priya Raman». Student investigator: «name:Noah Kim».",
    "The consent form was prepared by «name:Helen Zhao» and read by the Youth Advisory Council.",
    "Scores on the Beck Depression Inventory, the Zung Scale and the PHQ-9 are compared at 3 months.",
    "Pastor «name:James Whitfield» of Mount Zion Church and Rev. «name:Tolliver» give their blessing.",
    "Participant number 1 to 150 is drawn at random; case 12 and study 3 are shown as examples.",
    "Submission no. «record:22-0871» replaces protocol #«record:2019-114». Version 4 of 2024-05-06.",
    "Medical record number «record:00482913» is removed. Sample IDs have 6 digits.",
    "Will Smith County residents be asked? Long interviews, short surveys, young adults, best practice.",
    "For complaints: Office of Research Subjects Protection, «phone:(804) 828-0868».",
    "Director of the clinic: «name:Samuel Adeyemi-Jones». Assistant Professor Salaries are listed.",
    "Speak with «name:Dana Whitehorse» of the Tribal Council, or with any elder.",
    "Data go to REDCap 13.1.27; backups on 2024-01-15 and 2024-02-15; server 10.0.0.12.",
    "As Minkler and Wallerstein (2008) say, partnership takes time; see Israel et al., 1998.",
    "Emergency contact: «name:Fatima Haddad», «phone:571 555 0123». Contact: Office of Sponsored Programs.",
    "PI «name:Grace Young» and her group; young people and grace periods are common here.",
)
