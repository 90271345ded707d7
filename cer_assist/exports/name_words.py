"""Names that are English words as well, and what accounts are called that is nobody's name.

In a note, where colleagues' names are looked for also in small letters, these would be found all
the time. The list is no dictionary: a word that it lacks is masked once too often, not too seldom.
"""

from __future__ import annotations

_NAMES_TOO = """
abbot ace am an angel april arch archer art as ash at august autumn baker ball banks barber barker
barn baron bass bath battle bay be beach bean bear beard bell berry best bill birch bird bishop
black blank bliss block bloom blue boat bob bond bone book booth bow bowl box boy brand bread brewer
bridge bridges bright broad brook brooks brown brush buck bud bull burden burn burns bush butcher
butler button by cable camp can candy cane cannon card care carpenter carrier carter carver case
cash castle cave chain chamber chambers chance chandler chapel chapman charity chase cherry chew
chief child chip christian chuck church clay clear clerk cliff close cloud coal coffee cold collier
constable cook cooper copper coral cord corn corner cotton counts court coward craft crane creek
crisp cross crow crown crystal curry cutter dance darling dash dawn day dean dear deer den dick dill
do dock doctor dodge don door dot dove down drake draper drew driver drum duck duke dyer eagle earl
early east ebony edge elder english eve fair faith fall farmer farrow fern field fields finch fine
fish fisher flint flood flora flower flowers fly foot ford foreman forest fort foster fountain
fowler fox frank free freeman french friend frost fry fuller gale game garden gardener garner gate
gates gay gem gene gentry ginger glass glen glory glover go gold golden good goodman grace grand
grant grass grave graves gray great green grey griffin gross grove guy hall ham hammer hand hands
hardy harm harmony harp harper hart harvest hatch haven hawk hay he head heard heart heath heaven
hedge held helm herd hi high hill hobby hold holder hollow home honey hood hook hooper hope horn
horse host house hull hung hunt hunter ice if in iris iron is island it ivory jade jersey jewel job
jolly joy judge june just justice keen keeper key keys kid kind king kit kitchen kite knight lace
lake lamb lance land lane lark last laurel law lay lead leaf lemon lens liberty light lily line link
lion list little lock long lord lot lotus love low luck lucky ma mace major man manners march marina
mark marks marsh mason masters mat max may me mead meadow mean melody mercer merchant mercy merit
merry miles mill miller mills min minor mint mo moon moor moral more moss mount mountain my neat
need new newman nice nick night no noble noon norm north nurse oak oaks ocean of olive on opal or
orange otter owl pa pace pack page painter palm palmer parish park parker parks parson pass pat
patch path patience peace peach peacock peak pearl peck peel peg pen penny people pepper person
petal pick pierce pike pilgrim pine pink piper pitch place plain plant player plum point pole pond
pool poor pope poppy porter post pot potter pound powder power powers pray precious press price
pride priest prime prince princess print prior proctor promise proud quest quick quill rain ram ran
ranger rash raven ray reader ready red reed reef rest rice rich rider ridge right ring rise river
rivers road rock rocky rod roman room root rose rough round royal rue rule rush rust rusty sage sail
saint sale salmon salt sample sand sands sang savage sawyer say scales school seal self sellers
sense serenity sexton shade sharp she shell shepherd shield shine ship shore short show silk silver
simple singer skill skinner skip sky slack slaughter sly small smart smith smoke snow so solid son
song sonny soul south spark sparks sparrow speaker spear spike spring square stage staples star
stark start steel step sterling steward still stock stone storm story stout strange strong sue sugar
summer summers sun sunny sunshine swan sweet swift table tad tailor tan tanner teller temple ten
thorn tiller timber to tongue tower towers trail tree trinity trip true trust tuck turn turner unity
up us usher van vane victory vine virtue wade wait wake walk walker wall walls ward ware warner wash
water waters way we weaver weeks wells west wheat wheeler white wild wilder will willow wind window
wing winner winter winters wire wise wolf wood woods word worth yard you young younger zen
"""
NAMES_TOO = frozenset(_NAMES_TOO.split())

# Roles, tools and other words of user names such as coder-07, label-studio-3 or rater_b.
_NO_COLLEAGUES = """
account admin adjudicator administrator annotator argilla assistant auditor auto bot coder com
coordinator data demo doccano edu expert final guest intern label labeler labeller labels lead
local manager model net nurse org owner pilot prodigy project rater reader redcap research
researcher reviewer script second staff student studio study system team test tester third
trainee training user visitor volunteer worker
"""
NO_COLLEAGUES = frozenset(_NO_COLLEAGUES.split())
