"""What the methods report cites, each entry in full; a report lists those that its text uses."""

from __future__ import annotations

# By key: as it is cited in the text, and the entry.
REFERENCES = {
    "ash": (
        "Ash et al., 2020",
        "Ash, J. T., Zhang, C., Krishnamurthy, A., Langford, J., & Agarwal, A. (2020). Deep batch "
        "active learning by diverse, uncertain gradient lower bounds. International Conference on "
        "Learning Representations.",
    ),
    "cohen": (
        "Cohen, 1968",
        "Cohen, J. (1968). Weighted kappa: Nominal scale agreement with provision for "
        "scaled disagreement or partial credit. Psychological Bulletin, 70(4), 213–220. "
        "https://doi.org/10.1037/h0026256",
    ),
    "conger": (
        "Conger, 1980",
        "Conger, A. J. (1980). Integration and generalization of kappas for multiple raters. "
        "Psychological Bulletin, 88(2), 322–328. https://doi.org/10.1037/0033-2909.88.2.322",
    ),
    "gwet": (
        "Gwet, 2008",
        "Gwet, K. L. (2008). Computing inter-rater reliability and its variance in the presence "
        "of high agreement. British Journal of Mathematical and Statistical Psychology, 61(1), "
        "29–48. https://doi.org/10.1348/000711006X126600",
    ),
    "ilse": (
        "Ilse et al., 2018",
        "Ilse, M., Tomczak, J., & Welling, M. (2018). Attention-based deep multiple instance "
        "learning. Proceedings of the 35th International Conference on Machine Learning, "
        "2127–2136.",
    ),
    "krippendorff": (
        "Krippendorff, 2004",
        "Krippendorff, K. (2004). Content analysis: An introduction to its methodology (2nd ed.). "
        "Sage.",
    ),
    "reimers": (
        "Reimers & Gurevych, 2019",
        "Reimers, N., & Gurevych, I. (2019). Sentence-BERT: Sentence embeddings using Siamese "
        "BERT-networks. Proceedings of EMNLP-IJCNLP 2019, 3982–3992. "
        "https://doi.org/10.18653/v1/D19-1410",
    ),
    "sener": (
        "Sener & Savarese, 2018",
        "Sener, O., & Savarese, S. (2018). Active learning for convolutional neural networks: A "
        "core-set approach. International Conference on Learning Representations.",
    ),
    "sun": (
        "Sun & Lu, 2020",
        "Sun, X., & Lu, W. (2020). Understanding attention for text classification. Proceedings of "
        "the 58th Annual Meeting of the Association for Computational Linguistics, 3418–3428. "
        "https://doi.org/10.18653/v1/2020.acl-main.312",
    ),
    "vaswani": (
        "Vaswani et al., 2017",
        "Vaswani, A., Shazeer, N., Parmar, N., Uszkoreit, J., Jones, L., Gomez, A. N., Kaiser, Ł., "
        "& Polosukhin, I. (2017). Attention is all you need. Advances in Neural Information "
        "Processing Systems, 30.",
    ),
    "wang": (
        "Wang et al., 2020",
        "Wang, W., Wei, F., Dong, L., Bao, H., Yang, N., & Zhou, M. (2020). MiniLM: Deep "
        "self-attention distillation for task-agnostic compression of pre-trained transformers. "
        "Advances in Neural Information Processing Systems, 33.",
    ),
    "wilson": (
        "Wilson, 1927",
        "Wilson, E. B. (1927). Probable inference, the law of succession, and statistical "
        "inference. Journal of the American Statistical Association, 22(158), 209–212. "
        "https://doi.org/10.1080/01621459.1927.10502953",
    ),
    "yang": (
        "Yang et al., 2016",
        "Yang, Z., Yang, D., Dyer, C., He, X., Smola, A., & Hovy, E. (2016). Hierarchical "
        "attention networks for document classification. Proceedings of NAACL-HLT 2016, "
        "1480–1489. https://doi.org/10.18653/v1/N16-1174",
    ),
}
# What a kind of model is made after; the others are this program's own.
OF_KIND = {
    "attention": "yang",
    "hierarchical": "yang",
    "bilstm": "yang",
    "embedding": "sun",
    "self_attention": "vaswani",
    "sentences": "ilse",
    "blend": "ilse",
}
