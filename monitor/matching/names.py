"""Word lists about names: common ones prove little, titles and legal forms prove nothing."""

from __future__ import annotations

COMMON_NAMES = frozenset(
    """
    james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony mark
    donald steven paul andrew joshua kenneth kevin brian george edward ronald timothy jason jeffrey ryan jacob gary
    nicholas eric jonathan stephen larry justin scott brandon benjamin samuel frank gregory raymond alexander patrick
    jack dennis jerry tyler aaron jose adam nathan henry peter simon martin alan ian neil graham philip stuart colin
    mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty sandra margaret ashley
    kimberly emily donna michelle carol amanda melissa deborah stephanie rebecca laura helen sharon cynthia kathleen
    amy angela anna ruth brenda pamela nicole katherine emma samantha christine catherine rachel maria heather diane
    julie joyce victoria kelly christina joan evelyn lauren judith olivia megan alice jean anne ann kate claire jane
    lucy sophie chloe hannah grace mohammed muhammad mohamed ahmed ali omar hassan fatima carlos juan luis ana carmen
    antonio manuel pedro miguel pierre jean michel marie hans peter klaus thomas andreas stefan wei li ming yan
    smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson anderson
    taylor moore jackson martin lee perez thompson white harris sanchez clark ramirez lewis robinson walker young
    allen king wright torres nguyen hill flores green adams nelson baker hall rivera campbell mitchell carter roberts
    evans turner phillips parker collins edwards stewart morris murphy cook rogers morgan cooper peterson reed bailey
    kelly howard kim cox ward richardson watson brooks wood james bennett gray hughes price myers long foster ross
    sanders powell sullivan russell fisher butler simmons patterson jordan reynolds hamilton graham wallace woods cole
    west owens marshall hunter black mason stone khan patel singh shah wang zhang liu chen yang huang zhao wu muller
    mueller schmidt schneider fischer weber meyer wagner becker schulz hoffmann martin bernard dubois petit durand
    rossi russo ferrari silva santos oliveira pereira costa ferreira park choi ivanov petrov petrova ivanova tran
    """.split()
)
"""Given and family names so frequent that a full name made of two of them is shared by thousands."""

HONORIFICS = frozenset(
    """
    dr doctor mr mrs ms miss mx prof professor sir dame lady lord rev reverend fr father sister judge hon sen rep
    jr sr ii iii phd md dds dmd bds dvm esq mba mp qc kc cpa herr frau dra sra senor senora señor señora mme mlle
    monsieur madame docteur doktor doctora nurse officer constable sergeant captain chef coach councillor cllr
    """.split()
)
"""Folded words before or after a person's name that are no part of it."""

LEGAL_SUFFIXES = frozenset(
    """
    ltd limited inc incorporated llc llp lp plc corp corporation co company gmbh ag kg ug ohg gbr mbh ev eg sa sas
    sarl sl srl spa bv nv ab as asa oy oyj aps kft doo sro zoo pty pvt pte holdings holding group se sc scs kk cic
    """.split()
)
"""Folded words at the end of a firm's name that say its legal form."""

WEAK_FIRM_WORDS = frozenset(
    """
    the and of for dental clinic clinics medical health care centre center practice surgery hospital pharmacy
    restaurant cafe bar grill kitchen pizza bakery hotel inn school college academy university services service
    solutions consulting partners associates law legal solicitors attorneys bank finance financial capital insurance
    estate property properties homes construction builders plumbing electric electrical motors cars auto garage
    cleaning travel tours logistics transport shipping foods food market stores store shop boutique salon beauty hair
    spa fitness gym media digital tech technologies technology systems software data design studio studios labs
    international global national american british european first best city town local community family new old
    north south east west central royal united green blue red golden silver star sun
    """.split()
)
"""Folded words that many firms share."""

OCCUPATIONS: dict[str, str] = {
    word: group
    for group, words in {
        "dentist": "dentist dentists orthodontist dental hygienist zahnarzt dentista dentiste",
        "doctor": "doctor physician surgeon gp paediatrician pediatrician cardiologist dermatologist psychiatrist "
        "gynaecologist oncologist arzt medico medecin",
        "nurse": "nurse midwife carer caregiver",
        "vet": "vet veterinarian veterinary",
        "lawyer": "lawyer solicitor barrister attorney notary anwalt abogado avocat",
        "teacher": "teacher headteacher headmaster lecturer professor tutor teaching principal",
        "sport": "footballer striker goalkeeper midfielder defender skater swimmer sprinter athlete boxer cyclist "
        "tennis cricketer golfer quarterback pitcher gymnast rugby player coach wrestler olympic olympian",
        "stage": "singer actor actress musician guitarist drummer pianist violinist composer dancer rapper comedian "
        "songwriter soprano dj model",
        "writer": "novelist poet author writer journalist reporter columnist blogger",
        "art": "painter sculptor illustrator photographer architect designer",
        "politics": "senator mayor minister mp councillor congresswoman congressman governor candidate president",
        "food": "chef cook baker butcher restaurateur barista brewer",
        "trade": "plumber electrician builder carpenter roofer mechanic joiner welder contractor",
        "science": "physicist chemist biologist astronomer mathematician geologist botanist historian engineer",
        "finance": "accountant banker broker auditor",
        "law enforcement": "policeman policewoman detective sheriff constable",
        "clergy": "priest vicar bishop pastor rabbi imam",
        "farm": "farmer gardener florist beekeeper",
        "property": "landlord landlady realtor",
        "hair": "hairdresser barber stylist beautician",
        "driver": "driver pilot racer jockey",
    }.items()
    for word in words.split()
}
"""Words that say what somebody does, with the group in which they may stand for each other."""
