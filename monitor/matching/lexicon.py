"""Words that mean nearly the same in accusations, in English, Spanish, French and German.

A concept is a set of words that retell one another ("stole", "pocketed", "embezzled"). `ACTS` accuse by themselves;
`THINGS` only say what or who an accusation is about. Words are folded (no accents). Two-word entries are joined by
        "_".
"""

from __future__ import annotations

ACTS: dict[str, str] = {
    "steal": """steal steals stole stolen stealing theft thefts thief thieves rob robs robbed robbing robbery robber
        pocketed pocketing pilfer pilfered pilfering embezzle embezzled embezzles embezzling embezzlement embezzler
        swipe
        swiped swiping nick nicked nicking pinch pinched siphon siphoned siphoning syphoned skim skimmed skimming
        misappropriate misappropriated misappropriation misappropriating loot looted looting filch filched filching
        made_off ran_off helped_herself helped_himself helping_herself helping_himself fingers_till hand_till
        took_money take_money takes_money taking_money took_cash taking_cash took_deposits takes_deposits
        took_thousands
        sticky_fingers light_fingered lined_pockets lining_pockets lined_her lined_his lining_her lining_his took_off
        fleece fleeced fleecing swindle swindled swindling defraud defrauded defrauding defrauds scammed ripped_off
        rip_off
        ripping_off rips_off cheated conned skimmed gone_missing went_missing disappeared vanished
        robo robar robado roba robaba robando ladron ladrona hurto malverso malversacion desfalco
        vole voler volait voleur voleuse derobe detourne detournement escroque
        gestohlen stahl stiehlt stehlen diebin dieb klaute geklaut klaut unterschlagen veruntreut veruntreuung
        unterschlug bestohlen beklaut""",
    "fraud": """fraud frauds fraudster fraudsters fraudulent scam scams scammed scammer scammers scamming con conned
        conman swindle swindled swindler swindlers swindling cheat cheats cheated cheating crook crooks crooked sham
        ripoff ripped_off rip_off rips_off ripping_off dupe duped duping deceive deceived deceiving deception
        fleece fleeced fleecing hoodwink hoodwinked ponzi pyramid_scheme racket grifter grift charlatan bilk bilked
        defraud defrauded defrauding defrauds trickster shyster dishonest
        estafa estafo estafar estafador estafadora fraude engano engana timo timador
        escroc escroquerie arnaque arnaques arnaquer arnaqueur arnaqueuse tromper
        betrug betruger betrugerin betrugt betrogen betrugen abzocke abzocker abgezockt schwindler""",
    "overcharge": """overcharge overcharged overcharges overcharging overbilled overbilling padded_bill padded_bills
        inflated_bill inflated_bills inflate_bills inflated_invoices billed_twice double_billed double_billing
        charged_twice charged_double charges_double gouge gouged gouging bills_never invoiced_never phantom""",
    "forge": """forge forged forges forging forgery forger fake faked fakes faking falsify falsified falsifies
        falsifying falsification fabricate fabricated fabricating fabrication doctored doctoring counterfeit
        counterfeited bogus phony phoney made_up makes_up invented tampered tampering photoshopped backdated
        falso falsifico falsificado falsificar faux falsifie falsifier gefalscht falschte falschen""",
    "lie": """lie lies lied lying liar liars perjury perjured misled mislead misleading untruthful
        mentira mentiras mintio miente mentirosa mentiroso menti mensonge mensonges menteuse menteur
        gelogen lugt lugen lugnerin lugner""",
    "hit": """hit hits hitting beat beats beaten beating assault assaults assaulted assaulting punch punched punching
        slap slapped slapping slaps kick kicked kicking attack attacked attacking attacks batter battered violence
        violent
        violently shove shoved struck strike thump thumped smack smacked smacking abuse abused abuses abusive abusing
        abuser thrash thrashed headbutted mistreat mistreats mistreated mistreating maltreat maltreated maltreats
        golpeo golpear golpea agredio pego frappe frappait battu battre agresse geschlagen schlug schlagt
        verprugelt""",
    "sex": """molest molested molesting grope groped groping harass harassed harasses harassing harassment rape raped
        rapist rapes sexual sexually predator pervert paedophile pedophile paedo pedo groomed grooming fondled
        fondling
        lewd indecent acoso viol violo harcelement harcele belastigt belastigung vergewaltigt""",
    "kill": """kill kills killed killing killer murder murdered murderer murdering manslaughter slain slaughtered
        death deaths died dead dies fatal fatally
        mato matar asesino asesina asesinato tue tuer meurtre meurtrier mort getotet mord morder morderin
        umgebracht""",
    "drug": """drug drugs cocaine heroin meth opioid opioids dealer dealing dealt narcotics addict addicted junkie
        high
        stoned weed pills painkillers prescriptions fentanyl drogas droga drogue drogues drogen""",
    "drink": """drunk drunken drinking alcohol alcoholic booze boozed boozing intoxicated hungover tipsy sloshed
        hammered whisky vodka wasted tanked borracho borracha ivre saoul alcool betrunken besoffen alkohol""",
    "convict": """convict convicted conviction convictions jail jailed prison imprisoned inmate felon felony criminal
        record arrested arrest arrests indicted indictment charged guilty sentenced served_time behind_bars bars
        handcuffs
        locked_up did_time cops jailbird
        condenado condenada carcel arrestado detenido condamne condamnee arrete verhaftet verurteilt gefangnis
        vorbestraft""",
    "unqualified": """unlicensed unlicenced licence license licensed licenced unqualified qualification qualifications
        qualified struck_off uncertified certified certificate diploma degree degrees credentials qualify accredited
        unregistered registered registration impostor imposter quack quacks never_trained untrained phd thesis
        sin_licencia licencia titulo sans_licence diplome zulassung approbation ohne_lizenz lizenz""",
    "bribe": """bribe bribes bribed bribing bribery kickback kickbacks backhander backhanders corrupt corruption
        payoff
        payoffs paid_off the_take
        greased_palms bung bungs sweetener sweeteners under_table brown_envelope brown_envelopes envelopes
        soborno sobornos soborno corrupta corrupto pot_vin corrompu corrompue bestochen bestechung korrupt
        schmiergeld""",
    "affair": """affair affairs adultery cheated_on unfaithful infidelity mistress slept_with sleeping_with
        sleeps_with
        aventura infidele liaison affare fremdgegangen""",
    "hate": """racist racism racially slur slurs bigot bigoted antisemitic sexist homophobic nazi xenophobic
        racista raciste rassist rassistin rassistisch""",
    "poison": """poison poisoned poisoning poisonous contaminated contaminate toxic salmonella listeria coli infected
        infection infections sick ill tainted unsafe
        enveneno intoxico veneno empoisonne vergiftet vergiftung""",
    "spoil": """expired expiry out_of out_date past_date stale spoiled spoilt rotten rotting rancid mouldy off_date
        caducado caducada
        podrida podrido perime avariee abgelaufen verdorben""",
    "filth": """dirty filthy unsanitary insanitary unhygienic rats rat mice mouse cockroach cockroaches roaches roach
        vermin mould mouldy mold moldy dirt filth infested infestation maggots squalid
        ratas sucio sucia cucarachas sale crasseux cafards ratten dreckig kakerlaken schmutzig""",
    "tax": """tax taxes evade evaded evades evading evasion dodge dodged dodges dodging offshore launder laundered
        laundering undeclared hmrc irs revenue
        impuestos evasion impots fisc blanchiment steuer steuern hinterzogen steuerhinterziehung geldwasche""",
    "plagiarise": """plagiarise plagiarised plagiarism plagiarize plagiarized plagiarist plagiarising copied copying
        copies lifted word_for copied_from passed_off plagio plagie plagiat abgeschrieben plagiiert""",
    "dismiss": """fired sacked dismissed dismissal booted ousted suspended suspension expelled kicked_out
        let_go shown_door sacking despedida despedido licenciee licencie renvoye entlassen gefeuert gekundigt""",
    "bankrupt": """bankrupt bankruptcy insolvent insolvency debts debt owes owed broke unpaid creditors bust
        went_under quiebra deudas faillite dettes pleite bankrott insolvenz schulden""",
    "neglect": """neglect neglected neglects neglecting neglectful negligence negligent botch botched botches
        botching malpractice
        careless harmed injured injures injury maimed ruined ruins butcher butchered wrecked mangled damaged
        disfigured
        scarred crippled abandoned starve starved starving cruel cruelty mistreat mistreated mistreating mistreats
        negligencia negligence maltraite vernachlassigt gepfuscht pfusch misshandelt""",
    "threat": """threaten threatened threatens threatening threat threats intimidate intimidated intimidating
        blackmail
        blackmailed blackmailing extort extorted extortion bully bullied bullies bullying stalked stalking stalks
        amenazo amenaza chantaje menace menaces chantage bedroht erpresst erpressung droht""",
    "exploit": """exploit exploited exploits exploiting underpaid underpays slave slavery sweatshop unpaid_wages
        withheld_wages wages docked trafficked trafficking""",
    "sell_data": """sold sells selling leaked leaks leaking leak sold_data shared_data passed_on""",
    "vote_rig": """rigged rig rigging rigs fixed_match match_fixing stuffed_ballots tampered_votes""",
    "arson": """arson arsonist burned burnt burn torch torched torching set_fire fire fires blaze
        incendio incendie brand brandstiftung angezundet""",
    "dump": """dump dumped dumping dumps pollute polluted polluting pollution sewage waste spilled spilling
        vertido deverse entsorgt""",
    "tamper": """winds_back wind_back wound_back winding_back rolls_back roll_back rolled_back rolling_back
        clocking clocked
        clocks tamper tampers tampered tampering manipulate manipulates manipulated adjusted turned_back turns_back
        trucado trafique manipuliert zuruckgedreht""",
    "spy": """spy spied spying spies filmed filming films film recorded watches watched watching peeped peeping
        peeps voyeur
        voyeurism undercover eavesdropped bugged espio espiaba filmo espionne filme bespitzelt gefilmt filmte""",
    "secret": """secretly secret hidden hid hides hiding concealed conceal conceals concealing covered_up cover_up
        covering_up coverup covert concealed""",
}
"""Map concepts that accuse to their words."""

THINGS: dict[str, str] = {
    "money": """money cash accounts account cent cents penny funds fund savings dollars dollar pounds euros bucks
        quid grand thousands millions deposits
        deposit payments payment donations donation dough fees wages earnings till takings charity
        dinero plata fondos argent fonds fric geld gelder kohle spenden""",
    "client": """patient patients client clients customer customers guests guest diners tenants
        pacientes paciente clientes cliente patienten patientin patientinnen kunden kundin kunde""",
    "child": """child children kid kids pupil pupils student students toddler toddlers baby babies minor minors teen
        teens teenager teenagers boy boys girl girls youngsters
        nino ninos ninas alumnos enfant enfants eleves eleve kind kinder schuler""",
    "elderly": """elderly pensioner pensioners old_people seniors senior grandmother granny residents resident widow
        widows vulnerable ancianos personnes_agees rentner""",
    "animal": """dog dogs puppy puppies cat cats kitten kittens animal animals horse horses pet pets
        perros gatos animales chiens chats animaux hund hunde katzen tiere""",
    "worker": """staff worker workers employee employees team waiters waitress crew colleague colleagues coworker
        coworkers empleados employes mitarbeiter angestellte""",
    "food": """food meat chicken burger burgers meal meals dish dishes kitchen soup fish sausage sausages lunch
        comida carne nourriture viande essen fleisch""",
    "paper": """invoice invoices bill bills billing receipts receipt documents document paperwork record records
        papers
        accounts certificate certificates reports signature signatures
        facturas factura factures facture rechnung rechnungen dokumente urkunden""",
    "police": """police cops court judge trial prosecutors prosecution policia tribunal juez tribunal polizei
        gericht""",
    "partner": """wife husband girlfriend boyfriend spouse partner ex fiancee fiance
        esposa marido mujer femme mari frau mann ehemann ehefrau""",
    "medicine": """medicine medicines medication treatment treatments surgery operation operations operated procedure
        procedures filling fillings root_canal teeth tooth implants vaccine
        tratamiento dientes traitement dents behandlung zahne""",
    "car": """car cars vehicle vehicles brakes odometer mileage engine coche coches voiture voitures auto autos
        wagen""",
    "house": """house houses home homes flat flats apartment apartments building property roof
        casa casas piso maison appartement haus wohnung""",
    "review": """review reviews rating ratings testimonials testimonial stars resenas avis bewertungen""",
    "school": """school schools college university classroom nursery escuela ecole schule""",
    "job": """job work employer post position trabajo travail emploi arbeit stelle""",
    "election": """election elections votes vote ballot ballots campaign elecciones wahl wahlen""",
    "water": """river rivers lake stream streams water waterway creek rio riviere fluss""",
    "data": """data information addresses numbers details files datos donnees daten""",
    "camera": """camera cameras webcam webcams camaras kameras cameras_cachees""",
    "drugfirm": """pharma pharmaceutical drug_company drug_firm drug_companies pharmafirma farmaceutica""",
    "developer": """developer developers promotores promoteurs bautrager investoren builder builders""",
    "mileage": """mileage odometer clock kilometraje kilometrage kilometerstand miles""",
    "landlord": """landlord landlady owner proprietor boss casero proprietaire vermieter""",
    "photo": """photo photos picture pictures image images video videos footage fotos photos bilder""",
    "insurance": """insurance insurer insurers insurances seguro assurance versicherung""",
    "spend": """spend spends spending spent blew blow blown squander squandered squandering splurged gastar gasto
        gastado depense depenser ausgegeben verprasst""",
    "holiday": """holiday holidays vacation vacations trip trips cruise getaway vacaciones vacances urlaub""",
    "online": "online internet website web",
    "bought": """bought buys buy buying purchased purchase purchases paid_for compro comprado achete gekauft""",
    "exam": "exam exams test tests grades marks examen examens prufung",
    "book": """book books novel novels debut roman novela libros livres bucher article articles essay paper
        dissertation thesis libro livre buch""",
}
"""Map concepts that name what an accusation is about to their words."""

TAKING = frozenset(
    "take takes took taken taking empty empties emptied emptying drain drains drained draining grab grabs "
    "grabbed keep keeps kept pinched cleaned help helped helps helping pocket ended end ends".split()
)
"""Everyday verbs that mean stealing when money is what is taken."""

HARMLESS_OBJECTS: dict[str, frozenset[str]] = {
    "!steal": frozenset(
        "show ball base bases heart hearts limelight thunder spotlight scene scenes glance kiss march win".split()
    ),
    "!hit": frozenset(
        "road gym beach record single song note notes target goal headlines streets ceiling stage".split()
    ),
    "!kill": frozenset("it time vibe mood engine joke giants weeds bacteria germs".split()),
    "!poison": frozenset("leave day days note notes".split()),
    "!convict": frozenset("battery phone interest price labels holder breaking album".split()),
}
"""Words shortly after an accusing word that make it a harmless saying ("stole the show")."""
