"""The words that synthetic claims are made of."""
# ruff: noqa: RUF001 - Cyrillic letters and Chinese punctuation are meant

from collections.abc import Mapping
from dataclasses import dataclass

LABELS = ("supported", "refuted", "unverified")
TOPICS = ("health", "climate", "economy", "science", "technology", "society")


@dataclass(frozen=True, slots=True)
class Language:
    """Words of one language. Subjects are singular, so that every pattern fits every subject."""

    subjects: Mapping[str, tuple[str, ...]]
    """Quantities that can be measured, by topic."""
    places: tuple[str, ...]
    sources: tuple[str, ...]
    patterns: Mapping[str, str]
    """A sentence for each label."""
    space: str = " "
    """What stands between two sentences."""


def _language(
    *,
    subjects: tuple[str, ...],
    places: str,
    sources: str,
    supported: str,
    refuted: str,
    unverified: str,
    space: str = " ",
) -> Language:
    """Split what is written with ``|``; there is one string of subjects per topic."""
    return Language(
        subjects={
            topic: tuple(words.split("|")) for topic, words in zip(TOPICS, subjects, strict=True)
        },
        places=tuple(places.split("|")),
        sources=tuple(sources.split("|")),
        patterns=dict(zip(LABELS, (supported, refuted, unverified), strict=True)),
        space=space,
    )


LANGUAGES: Mapping[str, Language] = {
    "en": _language(
        subjects=(
            "the vaccination rate|life expectancy",
            "the average temperature|the use of coal",
            "unemployment|the minimum wage",
            "spending on research|the number of known exoplanets",
            "internet use|the number of electric cars",
            "the literacy rate|voter turnout",
        ),
        places="Canada|Kenya|Portugal|Japan|Brazil|Norway|India|New Zealand",
        sources="official statistics|a viral post|a new study|a newspaper report",
        supported="According to {source}, {subject} in {place} has risen by {percent} percent"
        " since {past}.",
        refuted="As {source} would have it, {subject} in {place} fell to zero in {past}, and"
        " {percent} percent of people never knew.",
        unverified="It is said in {source} that {subject} in {place} could change by {percent}"
        " percent before {future}.",
    ),
    "es": _language(
        subjects=(
            "la tasa de vacunación|la esperanza de vida",
            "la temperatura media|el uso del carbón",
            "el desempleo|el salario mínimo",
            "el gasto en investigación|el número de exoplanetas conocidos",
            "el uso de internet|el número de coches eléctricos",
            "la tasa de alfabetización|la participación electoral",
        ),
        places="Canadá|Kenia|Portugal|Japón|Brasil|Noruega|la India|España",
        sources="las estadísticas oficiales|una publicación viral|un nuevo estudio|la prensa",
        supported="Según {source}, {subject} en {place} ha subido un {percent} por ciento desde"
        " {past}.",
        refuted="Según cuenta {source}, {subject} en {place} cayó a cero en {past} y el {percent}"
        " por ciento de la gente no lo sabe.",
        unverified="Dice {source} que {subject} en {place} podría cambiar un {percent} por ciento"
        " antes de {future}.",
    ),
    "de": _language(
        subjects=(
            "die Impfquote|die Lebenserwartung",
            "die Durchschnittstemperatur|der Kohleverbrauch",
            "die Arbeitslosigkeit|der Mindestlohn",
            "der Forschungsetat|die Zahl bekannter Exoplaneten",
            "die Internetnutzung|die Zahl der Elektroautos",
            "die Alphabetisierungsrate|die Wahlbeteiligung",
        ),
        places="Kanada|Kenia|Portugal|Japan|Brasilien|Norwegen|Indien|Österreich",
        sources="amtlicher Statistik|einem viralen Beitrag|einer neuen Studie|der Presse",
        supported="Laut {source} ist {subject} in {place} seit {past} um {percent} Prozent"
        " gestiegen.",
        refuted="Glaubt man {source}, so fiel {subject} in {place} {past} auf null, was {percent}"
        " Prozent der Menschen nie erfuhren.",
        unverified="Nach {source} könnte sich {subject} in {place} vor {future} um {percent}"
        " Prozent ändern.",
    ),
    "fr": _language(
        subjects=(
            "le taux de vaccination|l'espérance de vie",
            "la température moyenne|la consommation de charbon",
            "le chômage|le salaire minimum",
            "le budget de la recherche|le nombre d'exoplanètes connues",
            "l'usage d'internet|le nombre de voitures électriques",
            "le taux d'alphabétisation|la participation électorale",
        ),
        places="au Canada|au Kenya|au Portugal|au Japon|au Brésil|en Norvège|en Inde|en Suède",
        sources="la statistique officielle|un message viral|une nouvelle étude|la presse",
        supported="Selon {source}, {subject} {place} augmente de {percent} pour cent depuis"
        " {past}.",
        refuted="À en croire {source}, {subject} {place} tomba à zéro en {past}, ce que {percent}"
        " pour cent des gens ignorent.",
        unverified="D'après {source}, {subject} {place} pourrait changer de {percent} pour cent"
        " avant {future}.",
    ),
    "ru": _language(
        subjects=(
            "уровень вакцинации|продолжительность жизни",
            "средняя температура|потребление угля",
            "безработица|минимальная зарплата",
            "бюджет науки|число известных экзопланет",
            "доступность интернета|число электромобилей",
            "уровень грамотности|явка избирателей",
        ),
        places="в Канаде|в Кении|в Португалии|в Японии|в Бразилии|в Норвегии|в Индии|в Чили",
        sources="официальной статистике|вирусной записи|новому исследованию|сообщениям газет",
        supported="Согласно {source}, {subject} {place} растёт с {past} года: уже {percent}"
        " процента.",
        refuted="Если верить {source}, {subject} {place} с {past} года равняется нулю, и {percent}"
        " процента людей этого не знают.",
        unverified="Судя по {source}, {subject} {place} может измениться на {percent} процента до"
        " {future} года.",
    ),
    "ar": _language(
        subjects=(
            "معدل التطعيم|متوسط العمر المتوقع",
            "متوسط درجة الحرارة|استهلاك الفحم",
            "معدل البطالة|الحد الأدنى للأجور",
            "الإنفاق على البحث العلمي|عدد الكواكب المعروفة خارج المجموعة الشمسية",
            "استخدام الإنترنت|عدد السيارات الكهربائية",
            "معدل الإلمام بالقراءة|إقبال الناخبين",
        ),
        places="كندا|كينيا|البرتغال|اليابان|البرازيل|النرويج|الهند|المغرب",
        sources="الإحصاءات الرسمية|منشور واسع الانتشار|دراسة جديدة|تقرير صحفي",
        supported="وفقا لما جاء في {source}، ارتفع {subject} في {place} بنسبة {percent} في المئة"
        " منذ {past}.",
        refuted="يزعم {source} أن {subject} في {place} هبط إلى الصفر في {past} وأن {percent} في"
        " المئة من الناس لا يعلمون.",
        unverified="جاء في {source} أن {subject} في {place} قد يتغير بنسبة {percent} في المئة قبل"
        " {future}.",
    ),
    "hi": _language(
        subjects=(
            "टीकाकरण दर|जीवन प्रत्याशा",
            "औसत तापमान|कोयले की खपत",
            "बेरोज़गारी|न्यूनतम वेतन",
            "अनुसंधान पर खर्च|ज्ञात बाह्यग्रहों की संख्या",
            "इंटरनेट का उपयोग|विद्युत कारों की संख्या",
            "साक्षरता दर|मतदान प्रतिशत",
        ),
        places="कनाडा|केन्या|पुर्तगाल|जापान|ब्राज़ील|नॉर्वे|भारत|नेपाल",
        sources="सरकारी आँकड़ों|एक चर्चित पोस्ट|एक नए अध्ययन|एक अख़बार",
        supported="{source} के अनुसार {place} में {past} से {subject} में {percent} प्रतिशत की वृद्धि हुई है।",
        refuted="{source} का दावा है कि {place} में {past} से {subject} शून्य है और {percent} प्रतिशत"
        " लोग यह नहीं जानते।",
        unverified="{source} में कहा गया है कि {place} में {future} से पहले {subject} में {percent} प्रतिशत"
        " का बदलाव संभव है।",
    ),
    "zh": _language(
        subjects=(
            "疫苗接种率|预期寿命",
            "平均气温|煤炭用量",
            "失业率|最低工资",
            "科研经费|已知系外行星的数量",
            "互联网使用率|电动汽车的数量",
            "识字率|投票率",
        ),
        places="加拿大|肯尼亚|葡萄牙|日本|巴西|挪威|印度|新西兰",
        sources="官方统计|一条热门帖子|一项新研究|一篇报道",
        supported="根据{source}，自{past}年以来{place}的{subject}上升了百分之{percent}。",
        refuted="{source}声称{place}的{subject}在{past}年降为零，而百分之{percent}的人并不知情。",
        unverified="{source}提到，{place}的{subject}在{future}年之前可能变化百分之{percent}。",
        space="",
    ),
}
"""By ISO 639-1 code."""
