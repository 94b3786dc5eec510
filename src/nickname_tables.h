/*-------------------------------------------------------------------------
 *
 * nickname_tables.h
 *	  Nicknames, frequent names, and words that say little.
 *
 * As normalize_name() leaves them: lower case, without accents.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_NICKNAME_TABLES_H
#define LEAD_MGMT_NICKNAME_TABLES_H

/* Each line: what one person may be called.  A name may be in three lines. */
static const char *const nicknames[] = {
	/* English and its neighbours */
	"robert bob bobby rob robbie robby bert roberto rupert",
	"william bill billy will willy willie liam wilhelm guillaume guillermo guglielmo",
	"richard rick ricky dick rich richie ricardo riccardo",
	"james jim jimmy jamie jem jaime",
	"john jon johnny jack jackie johnnie ian sean juan giovanni ivan jan hans johann johannes jean joao johan",
	"jonathan jon jonny johnny nathan jonathon",
	"michael mike mikey mick micky mickey mitch miguel michel michele mikhail misha micha michal mikael",
	"mitchell mitch",
	"joseph joe joey jo jose josef giuseppe pepe beppe pepito jozef yusuf youssef sepp",
	"thomas tom tommy thom tomas tommaso tomasz",
	"charles charlie chuck chas carlos karl carl carlo charly",
	"christopher chris kit topher kris cristobal christoph christophe cristoforo",
	"christian chris cristian kristian christiaan",
	"christine chris chrissy tina christina kristina kristine christiane cristina kirsten kirstin",
	"daniel dan danny daniil daniele dani",
	"danielle dani daniela daniella",
	"david dave davey davy davide",
	"edward ed eddie eddy ted teddy ned eduard eduardo edoardo edouard",
	"edwin ed eddie", "edgar ed eddie", "edmund ed eddie ned ted edmond",
	"theodore ted teddy theo teddie teodoro theodor",
	"george georgie jorge giorgio georg georges yuri jerzy",
	"henry harry hank hal heinrich enrique enrico henri hendrik heinz henrik",
	"harold harry hal", "harrison harry harris",
	"lawrence larry laurie lawrie laurence lorenzo lars laurent lorenz",
	"matthew matt matty mateo matteo mathew matthias mathias matthieu mathieu matias matthijs",
	"andrew andy drew andre andreas andrea andres andrei andrey andrej andrzej ander",
	"anthony tony ant antonio anton antoine anthon toni",
	"antonia toni tonia",
	"stephen steve stevie steven stefan stephan esteban stefano etienne stephane ste",
	"stephanie steph stefanie stefania stephie steffi",
	"nicholas nick nicky nico nicolas nikolaus klaus nikolai kolya nicola nikola niklas nicolai claus",
	"nicole nicky nikki nicola nicolette",
	"benjamin ben benny benji benjy benjamim",
	"benedict ben benny benedikt benito benedetto",
	"samuel sam sammy samuele", "samantha sam sammy sami",
	"alexander alex al alec alexandre alejandro alessandro sasha sascha aleksandr oleksandr sander xander lex sandy alexandr aleksander iskander alexandros alasdair alistair",
	"alexandra alex sandra sasha sascha alexa lexi sandy alejandra alessandra aleksandra sacha",
	"alexis alex lexi lexie",
	"albert al bert bertie alberto albrecht", "alan al allan allen alain",
	"alfred al alf alfie fred freddie alfredo",
	"frederick fred freddie freddy fritz friedrich federico frederic frederik fredrik frederico",
	"francis frank francisco francesco paco pancho franz frans francois franck kiko curro frankie",
	"frances fran francesca francisca franny francoise franziska paca frankie",
	"franklin frank frankie",
	"gerald gerry jerry gerard gerhard gerardo gerd", "jeremy jerry jeremiah jem", "jerome jerry",
	"gregory greg gregg gregor gregorio grzegorz",
	"jeffrey jeff geoff geoffrey jeffery jeffry",
	"kenneth ken kenny", "leonard leo len lenny lenny leonardo leonhard", "lewis lew louis lou luis luigi ludwig lewie louie lucho",
	"martin marty marti martino martijn martyn",
	"nathaniel nate nathan nat nathanael", "nathan nate nat",
	"oliver ollie olly oli olivier oliviero",
	"patrick pat paddy patricio patrice padraig rick", "patricia pat patty tricia trish patti patsy patrizia",
	"paul pablo paolo pavel pawel pauly paulie paulo pol",
	"peter pete pedro pietro pierre petr piotr pyotr pieter petrus petya per",
	"philip phil phillip felipe filippo philippe philipp pip filip",
	"raymond ray raimund ramon raimondo", "ronald ron ronnie ronny ronaldo",
	"russell russ rusty", "stanley stan", "stuart stu stewart", "timothy tim timmy timo",
	"victor vic vick vittorio viktor", "vincent vince vinnie vin vincenzo vicente vinny",
	"walter walt wally wallace gualtiero", "zachary zach zack zak zachariah zac zachery",
	"joshua josh", "jacob jake jakob jacobo giacomo jacques jacobus diego santiago iago jaap kuba jakub yakov",
	"isaac ike zac", "abraham abe bram abram ibrahim", "donald don donny donnie", "douglas doug dougie",
	"dominic dom nick dominik dominique domenico domingo", "eugene gene evgeny eugenio evgeni yevgeny eugen zhenya",
	"gabriel gabe gabriele", "gabrielle gabby gaby gabriela gabriella gabi", "harvey harv", "herbert herb bert herbie heribert",
	"lucas luke luca lukas luc lukasz", "maximilian max maximiliano massimiliano maxi", "maxwell max", "maxim max maxime maksim",
	"marcus marc mark marco marcos markus marek marko", "oscar oskar ossie", "philippa pippa pip", "rodney rod roddy",
	"roderick rod rick rodrigo", "roger rodge ruggero rogelio", "rudolph rudy rolf rudi rudolf rodolfo", "sebastian seb bas seba bastian sebastien sebastiano",
	"simon si simeon simone", "solomon sol", "terence terry terrence", "theresa terry tess tessa teresa therese resi tere",
	"tobias toby tobi", "vladimir vlad volodymyr vova volodya wladimir", "dmitri dima dmitry dmytro mitya dimitri dmitriy dimitrios",
	"sergei serge sergio sergey seryozha serhiy", "konstantin kostya konstantinos costas constantin konstanty", "mohammed mohamed muhammad mohammad muhammed mo mehmet mohamad",
	"ahmed ahmad ahmet", "hussein husain hussain", "yusuf yousef youssef yousuf",
	"elizabeth liz lizzie beth betty eliza libby lisa elisabeth bess betsy isabel elisabetta lilibet ella else elise lise elsbeth",
	"isabella bella izzy isabel isabelle isobel belle isa ysabel",
	"margaret maggie meg peggy marge margie greta rita daisy margarita margarete margherita marguerite margit gretchen madge margarethe malgorzata",
	"katherine kate katie kathy cathy kit catherine kathryn katharina kay kat kitty katrina caterina catalina katarina ekaterina katya karen karin cathryn katharine catharina kathleen katarzyna kasia",
	"kathleen kathy kath cathleen", "kaitlyn kate katie caitlin kaitlin katelyn", "jennifer jen jenny jenn jenni jenifer",
	"jessica jess jessie jesse jessika", "susan sue susie suzy susanna suzanne susanne susana suzanna zsuzsanna suse",
	"deborah deb debbie debby debra debora", "barbara barb babs barbie basia barbora", "pamela pam pammy",
	"rebecca becky becca rebekah bec rebeka", "victoria vicky vicki tori vickie viktoria vittoria vika", "mary molly maria marie polly mae may mia masha maryam mariam miriam mariya",
	"maria mari marie maja mariana maruja masha", "anne ann anna annie nan nancy ana hannah anja anya annika anni hanna anita", "annabel anna bella annabelle",
	"dorothy dot dottie dolly dorothea dora dottie", "eleanor ellie nell nora elinor leonora ella eleonora leonor lenore", "helen ellen nell helena elena helene lena olena eileen lenka",
	"florence flo florrie flora", "georgina georgie gina georgia georgiana", "harriet hattie", "jacqueline jackie jacqui jacquelyn", "josephine jo josie josefine fina giuseppina josefina josefa pepa",
	"joanna jo joanne johanna jana giovanna juana joan jeanne hanna jane janet jean", "judith judy jude jutta", "julia julie jules giulia juliana yulia julija", "juliet jules julie",
	"julian jules julio giulio julius julien", "laura laurie lora loretta lauren lori", "lillian lily lilly lil liliana lilian", "linda lindy lin lynn lynda belinda melinda",
	"louise lou luisa luise lulu", "madeline maddie maddy madeleine magdalena madelyn madison lena maddalena", "magdalena lena magda maddalena malena", "martha marty marta mattie patty",
	"melissa mel missy lissa", "melanie mel", "michelle shelly mica michele michaela micki", "mildred millie", "amelia millie amy emily mia amalia", "camilla millie cam camila", "emily em emmy emilia emmie emilie",
	"emma em emmy", "natalie nat nattie natalia natasha natalya nathalie tasha", "nancy nan", "olivia liv livvy livia ollie", "penelope penny", "rachel rach raquel rachael rahel", "rosemary rose rosie",
	"rose rosie rosa", "sarah sally sadie sara sari", "sandra sandy sandi", "sophia sophie sofia sonia sonja sonya zofia sofie sofija", "sylvia silvia sylvie silvie", "tatiana tanya tania tatjana",
	"valerie val valeria", "valentina val valya", "veronica ronnie vera veronika veronique roni", "virginia ginny ginger", "vivian viv vivien vivienne", "yvonne vonnie evonne",
	"abigail abby gail abbie abi", "agnes aggie inez ines agnieszka", "angela angie angelina angelika angele", "beatrice bea trixie beatriz beatrix bee", "caroline carol carrie caro carolina carolyn lina karoline karolina",
	"charlotte lottie charlie lotte carlotta charlie carla", "cynthia cindy", "diana di diane dianne", "grace gracie graciela", "heather hettie", "henrietta etta hettie henriette", "irene rene irena irina ira",
	"lucy lucia luz lucie lucille", "matilda tilly mattie mathilde tilda", "tabitha tabby", "brandon bran", "bradley brad", "cameron cam", "calvin cal", "callum cal calum", "clifford cliff", "clinton clint",
	"curtis curt kurt", "curt kurt conrad konrad", "cyrus cy", "dennis denny den denis denys", "derek derrick derick", "elijah eli elias", "ernest ernie ernst ernesto", "gilbert gil bert", "gordon gordy", "irving irv",
	"jason jay jase", "joel joe", "kevin kev", "keith kei", "leslie les lesley", "malcolm mal", "marvin marv", "melvin mel", "milton milt", "morris mo maurice mauricio moritz maurizio", "neil neal niall", "norman norm", "ralph ralf raul raoul",
	"randall randy randolph", "rafael rafa raphael raffaele rafal", "reginald reg reggie", "salvatore sal salvador toto turi", "spencer spence", "trevor trev", "warren ren", "wesley wes", "xavier xavi javier javi",
	/* Spanish, Portuguese, Italian */
	"jose pepe chepe ze jose pepito josep", "dolores lola loli", "guadalupe lupe lupita", "rosario charo", "concepcion concha conchita", "consuelo chelo", "enrique quique kike", "ignacio nacho inigo", "jesus chus chuy suso",
	"manuel manolo manny manu emanuel emmanuel manuele", "mercedes merche", "pilar pili", "alberto beto berto", "humberto beto umberto", "gustavo gus tavo gustav", "antonio tonio toninho nino toni", "luis lucho luisito", "eduardo edu lalo", "fernando nando fer hernando ferdinand",
	"hernan nan", "rafael rafa", "sebastiao tiao", "francisca chica", "joaquim quim joaquin joachim jochen", "giuseppe peppe beppe peppino", "luigi gigi gino", "domenico mimmo", "vincenzo enzo", "lorenzo enzo renzo", "raimundo mundo", "graciela chela", "gregorio goyo", "santiago santi", "alfonso poncho alfons alphonse", "beatriz bety bea",
	/* German, Dutch, Scandinavian */
	"hans johannes johann hannes", "joachim jochen achim", "wolfgang wolf wolfi", "ulrich uli ulli", "ulrike uli rike", "friederike rike frieda", "heinrich heinz heini heiner", "siegfried sigi", "sigrid sigi siri", "guenther gunther gunter guenter", "jurgen juergen jorg joerg", "bernhard bernd bernard bernardo bernie", "reinhard reiner rainer", "manfred manni fred", "gottfried friedel", "elfriede friedel",
	"dietrich dieter dirk", "eberhard ebi", "burkhard burkhardt", "torsten thorsten", "matthias hias matze", "katharina kathi kati trine", "gertrud trude gerti", "waltraud traudl traude", "margarete gretel grete", "hildegard hilde", "brigitte gitte birgit gitta", "ursula uschi ulla", "ingeborg inge", "cornelis kees cor", "cornelia conny nelly cora", "gerrit gert", "hendrik henk rik", "jacobus koos jaap cobus", "willem wim pim", "johannes joop jan hans", "petronella nel",
	"soren soeren", "jesper jes", "kristoffer kris", "mikkel mik", "rasmus erasmus",
	/* Russian, Polish, Czech, Hungarian, Greek, Hebrew */
	"alexei alyosha aleksei alexey lesha oleksiy alexej aleksey", "anastasia nastya stacy stasya anastasiya", "boris borya", "ludmila lyuda lyudmila ludmilla mila", "lyubov lyuba", "nadezhda nadia nadya", "nikita nik", "olga olya", "pavel pasha", "svetlana sveta lana", "yaroslav slava jaroslav", "vyacheslav slava viacheslav", "vasily vasya vasiliy vasil", "yelena lena elena alena", "grigory grisha grigori", "gennady gena", "galina galya", "larisa lara", "leonid lyonya", "mikhail misha mykhailo", "wojciech wojtek", "stanislaw staszek stas stanislav", "zbigniew zbyszek", "krzysztof krzysiek", "andrzej jedrzej", "josef pepa", "frantisek franta",
	"istvan pista", "laszlo laci", "ferenc feri", "jozsef joska", "gyorgy gyuri", "ioannis yannis giannis john", "georgios giorgos george yorgos", "panagiotis panos", "athanasios thanos", "yitzhak isaac itzik", "moshe moses moishe", "avraham avi abraham", "yaakov jacob kobi", "shmuel samuel", "yosef joseph yossi",
	/* Family names that are spelt in several ways */
	"meyer meier maier mayer mayr", "schmidt schmitt schmid schmied", "muller mueller miller moller moeller", "schafer schaefer schaeffer scheffer",
	"schroder schroeder schroter", "kruger krueger kroger", "hoffmann hofmann hoffman hofman", "becker bekker baecker", "fischer fisher", "weber webber",
	"hansen hanson hansson", "johansen johansson johanson", "jensen jenson", "nielsen nilsen nilsson", "olsen olsson olson", "larsen larsson larson",
	"petersen pedersen peterson petersson", "andersen anderson andersson", "christensen kristensen christiansen", "eriksson ericsson erikson erickson",
	"clark clarke", "brown browne braun", "green greene", "stewart stuart steward", "thompson thomson tomson", "reid reed read", "philips phillips philipps",
	"harris harries", "allen allan", "davis davies", "johnson johnston johnstone", "stephens stevens stephen", "nichols nicholls nicols", "burns byrnes byrne",
	"gonzalez gonzales", "rodriguez rodrigues", "lopez lopes", "perez peres", "gomez gomes", "kowalski kowalska", "nowak novak",
	"ivanov ivanova", "petrov petrova", "smirnov smirnova", "kuznetsov kuznetsova", "popov popova", "novotny novotna", "hussain hussein hussain",
	/* Romanised Chinese, Indian */
	"xiao hsiao", "zhang chang", "zhou chou chow", "xu hsu", "li lee", "wang wong", "huang wong hwang", "chen chan tan", "lin lam", "wu ng", "liu lau", "zheng cheng", "cai tsai choi", "guo kuo kwok", "xie hsieh", "zhao chao chiu", "zhu chu", "qian chien", "rajesh raj", "rajendra raj rajinder", "sanjay sanju", "krishnan krishna", "venkatesh venkat venkatesan", "srinivasan srini srinivas", "subramaniam subra mani subramanian",
};

/* About one person in fifty to two hundred has it, somewhere. */
static const char most_frequent_names[] =
	"smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson anderson "
	"thomas taylor moore jackson martin lee perez thompson white harris muller mueller schmidt schneider fischer weber meyer "
	"meier wang li zhang liu chen yang huang zhao wu zhou singh kumar khan sharma patel nguyen tran le kim park choi silva "
	"santos oliveira souza sanchez ramirez ivanov rossi ferrari dubois bernard hansen johansen olsen jensen nielsen andersson "
	"johansson karlsson novak kowalski tanaka suzuki sato yamamoto ali ahmed mohamed hassan "
	"john james robert michael william david richard joseph thomas charles daniel matthew mark paul george mary "
	"patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa anna maria jose juan luis carlos antonio "
	"manuel francisco peter hans thomas jan ana carmen laura michel jean pierre wei min jing li yan alexander "
	"ivan mohammed muhammad chris alex mike emma olivia sophie jack oliver harry lucas";

/* About one in a thousand. */
static const char frequent_names[] =
	"clark lewis robinson walker young allen king wright scott torres hill flores green adams nelson baker hall rivera "
	"campbell mitchell carter roberts gomez phillips evans turner diaz parker cruz edwards collins reyes stewart morris "
	"morales murphy cook rogers gutierrez ortiz morgan cooper peterson bailey reed kelly howard ramos cox ward richardson "
	"watson brooks chavez wood bennett gray mendoza ruiz hughes price alvarez castillo sanders myers long ross foster "
	"jimenez powell jenkins perry russell sullivan bell coleman butler henderson barnes fisher vasquez simmons graham "
	"murray ford castro marshall owens harrison fernandez mcdonald woods washington kennedy wells vargas henry freeman "
	"webb tucker guzman burns crawford olson simpson porter hunter gordon mendez silva shaw snyder mason dixon munoz hunt "
	"hicks holmes palmer wagner black robertson boyd rose stone salazar fox warren mills rice schulz becker hoffmann "
	"schafer schaefer koch bauer richter klein wolf schroder schroeder neumann schwarz zimmermann braun hofmann kruger krueger "
	"hartmann lange werner lehmann walter maier mayer krause xu sun ma zhu hu guo he lin gao luo zheng liang xie tang "
	"han cao deng feng peng zeng xiao tian dong yuan pan cai jiang yu du ye cheng wei gupta das reddy shah mehta rao "
	"verma mishra jain pham hoang phan vu vo dang bui do jung kang cho yoon jang lim pereira lima costa ferreira alves "
	"rodrigues gomes ribeiro carvalho almeida moreno romero alonso navarro dominguez gil vazquez serrano blanco molina suarez "
	"ortega delgado petrov sidorov smirnov kuznetsov popov bianchi romano colombo ricci marino greco bruno gallo conti "
	"esposito moreau laurent simon michel lefebvre leroy roux david bertrand morel fournier girard petersen larsen "
	"christensen pedersen nilsson eriksson larsson olsson svensson nowak wisniewski wojcik novotny svoboda dvorak "
	"ito nakamura kobayashi kato yoshida watanabe takahashi hussain hussein malik ibrahim osman cohen levy yilmaz kaya demir "
	"kelly ryan walsh obrien byrne berry dunn cole west jordan reynolds ellis gibson wallace hayes bryant webster "
	"andrew joshua kenneth kevin brian timothy ronald edward jason jeffrey jacob gary nicholas eric jonathan stephen steven "
	"larry justin scott brandon benjamin samuel gregory frank raymond patrick jerry dennis tyler aaron adam nathan "
	"henry zachary douglas kyle noah ethan jeremy walter christian keith roger terry austin sean gerald carl harold dylan "
	"arthur lawrence jordan jesse bryan billy bruce gabriel joe logan alan albert vincent liam mason luke isaac ruby amy "
	"nancy betty margaret sandra ashley kimberly emily donna michelle carol amanda melissa deborah stephanie rebecca "
	"laura sharon cynthia kathleen helen shirley angela anna brenda pamela nicole katherine samantha christine catherine "
	"virginia debra rachel janet carolyn emma heather diane julie joyce victoria kelly christina joan evelyn lauren "
	"judith olivia frances martha cheryl megan andrea ann alice jean doris jacqueline kathryn hannah julia gloria grace "
	"teresa sara janice amelia isabella mia charlotte ava chloe lily ella freya poppy florence alfie charlie leo oscar "
	"theo archie freddie jacob logan max lucy ellie holly daisy jessica sophia sophie isla evie phoebe erin caitlin "
	"lachlan joel jayden cooper riley ryan connor blake harrison hamish bailey jake thomas nicholas lara madison chelsea "
	"bethany brianna kayla tahlia zoe mikayla georgia abbey alexandra paige imogen taylor mitchell lewis bob kate tom "
	"steve dave dan ben sam joe jim bill tony andy nick matt tim ed rob greg jeff ken ron anne sue jane ruth eva peter "
	"stefan andreas michael markus christian sabine petra monika susanne claudia ursula karin heike jurgen juergen wolfgang "
	"klaus bernd uwe frank martin jorg joerg ralf sebastian tobias florian jan lukas felix julian anna lena lea "
	"javier miguel angel jesus pedro alejandro fernando rafael sergio jorge alberto pablo diego ramon enrique ricardo raul "
	"roberto andres mario victor joaquin eduardo jaime ignacio dolores pilar teresa josefa isabel rosa cristina "
	"marta lucia elena paula raquel rosario sofia guadalupe veronica alejandra adriana gabriela daniela mariana joao paulo "
	"pedro lucas marcos luiz gabriel bruno rafaela juliana fernanda camila leticia philippe alain bernard jacques nathalie "
	"isabelle sylvie catherine francoise monique nicolas julien giuseppe giovanni antonio mario luigi francesco angelo "
	"marco paolo andrea luca giulia francesca chiara sara sergei dmitri andrei olga natalia elena tatiana irina ekaterina "
	"svetlana vladimir mikhail alexei xin hui ying fang lei jun ming hong ping qiang jie lan mei bo yong tao chao hao "
	"yu xiao rong juan hua xia raj amit priya rahul sanjay anil sunil deepak vijay rajesh neha pooja ravi suresh ramesh "
	"fatima aisha omar yusuf ahmad mustafa mehmet ayse emre minh thi van hiroshi takashi yuki haruto yoko jiho";

/* Parts of a name that say little, and may be left out. */
static const char minor_names[] =
	"van von de der den del della dela la le los las da das do dos du di el al bin ibn bint ben ter ten te zu zum "
	"zur vom af av y e i und and st san ste op t abu";

/* What is before or after a name. */
static const char titles[] =
	"mr mrs ms miss mx dr prof professor sir dame herr frau dipl ing mag phd mba md msc bsc esq cpa dds jd rn sra srta "
	"sig dott dottssa mme mlle monsieur madame doktor rev fr hon capt";

/* What is typed where a name is asked for and none is known. */
static const char no_names[] =
	"unknown anonymous anonym none na null nil test tester noname unbekannt desconocido inconnu sconosciuto guest user "
	"customer kunde cliente client lead contact xxx xx asdf tbd";

/* Words of company names that many have. */
static const char minor_company_words[] =
	"the and of for und y et de la group groupe gruppe grupo gruppo holding holdings international intl global "
	"worldwide solutions solution services service consulting consultants partners partner technologies technology tech "
	"systems system software industries industry enterprises enterprise associates management marketing media digital "
	"trading company co corp inc ltd llc gmbh ag sa bv plc usa us uk europe america american national north south "
	"design development engineering construction logistics capital financial finance insurance health healthcare "
	"energy labs lab studio studios agency network networks data online web communications products supply hotel "
	"restaurant cafe bank university college school hospital center centre institute";

static const char street_types[] =
	"street st road rd avenue ave av drive dr lane ln place pl court ct crescent cres circuit cct close cl terrace tce "
	"parade pde way boulevard blvd highway hwy square sq grove gr strasse str weg platz allee gasse rue calle carrer via "
	"viale piazza rua avenida avda av ulica ul nummer no nr numero apt apartment suite ste unit floor fl flat level "
	"north south east west n s e w";

/* Where very many live. */
static const char big_cities[] =
	"london,new york,new york city,nyc,los angeles,chicago,houston,philadelphia,phoenix,san antonio,san diego,dallas,"
	"san francisco,seattle,boston,austin,atlanta,miami,denver,washington,toronto,montreal,vancouver,sydney,melbourne,"
	"brisbane,perth,adelaide,auckland,birmingham,manchester,leeds,liverpool,glasgow,bristol,sheffield,edinburgh,"
	"dublin,paris,lyon,marseille,berlin,hamburg,munchen,munich,koln,cologne,frankfurt,stuttgart,dusseldorf,wien,vienna,zurich,"
	"madrid,barcelona,valencia,sevilla,seville,lisboa,lisbon,porto,roma,rome,milano,milan,napoli,torino,amsterdam,rotterdam,"
	"brussels,bruxelles,stockholm,oslo,kobenhavn,copenhagen,helsinki,warszawa,warsaw,praha,prague,budapest,bucuresti,athens,"
	"istanbul,ankara,moscow,moskva,kyiv,kiev,saint petersburg,tokyo,osaka,seoul,busan,beijing,shanghai,shenzhen,guangzhou,"
	"chengdu,wuhan,hong kong,taipei,singapore,bangkok,jakarta,manila,hanoi,ho chi minh city,kuala lumpur,mumbai,delhi,new delhi,"
	"bangalore,bengaluru,hyderabad,chennai,kolkata,pune,karachi,lahore,dhaka,dubai,riyadh,tehran,cairo,lagos,nairobi,"
	"johannesburg,cape town,sao paulo,rio de janeiro,buenos aires,santiago,lima,bogota,mexico city,ciudad de mexico,"
	"guadalajara,monterrey,caracas,tel aviv";

/* Domains that say nothing of who has an address there. */
static const char free_mail_domains[] =
	"gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.fr yahoo.de yahoo.es yahoo.it yahoo.co.in yahoo.com.br yahoo.co.jp "
	"ymail.com rocketmail.com hotmail.com hotmail.co.uk hotmail.fr hotmail.de hotmail.es hotmail.it outlook.com outlook.de "
	"outlook.fr outlook.es live.com live.co.uk live.fr live.nl msn.com aol.com aim.com icloud.com me.com mac.com mail.com "
	"email.com gmx.de gmx.net gmx.at gmx.ch gmx.com web.de t-online.de freenet.de arcor.de posteo.de mailbox.org protonmail.com "
	"proton.me pm.me tutanota.com fastmail.com hushmail.com zoho.com yandex.com yandex.ru mail.ru bk.ru list.ru inbox.ru "
	"rambler.ru ukr.net qq.com 163.com 126.com sina.com sohu.com foxmail.com aliyun.com naver.com daum.net hanmail.net "
	"orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it virgilio.it tiscali.it alice.it telefonica.net terra.com.br "
	"uol.com.br bol.com.br ig.com.br globo.com seznam.cz wp.pl o2.pl onet.pl interia.pl ziggo.nl kpnmail.nl planet.nl "
	"telenet.be skynet.be bluewin.ch comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net "
	"btinternet.com sky.com virginmedia.com ntlworld.com talktalk.net bigpond.com optusnet.com.au shaw.ca rogers.com "
	"sympatico.ca rediffmail.com";

/* Mailboxes of more than one person. */
static const char shared_mailboxes[] =
	"info sales office contact hello admin support mail service team marketing kontakt contacto contato enquiries inquiries "
	"accounts billing hr jobs press webmaster postmaster noreply help reception buero vertrieb ventas accueil commercial";

#endif							/* LEAD_MGMT_NICKNAME_TABLES_H */
