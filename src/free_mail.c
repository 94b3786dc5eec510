/*-------------------------------------------------------------------------
 *
 * free_mail.c
 *	  Providers where anybody can have an address.
 *
 *-------------------------------------------------------------------------
 */
#include "free_mail.h"

/* In byte order, for binary search. */
static const char *const free_mail_domains[] = {
	"012.net.il", "126.com", "139.com", "163.com", "189.cn", "21cn.com",
	"a1.net", "abv.bg", "aim.com", "alice.it", "aliceadsl.fr", "aliyun.com",
	"aol.co.uk", "aol.com", "aol.de", "aol.fr", "aon.at", "arcor.de",
	"att.net", "azet.sk", "bbox.fr", "bellsouth.net", "bigmir.net",
	"bigpond.com", "bigpond.net.au", "bk.ru", "bluewin.ch",
	"blueyonder.co.uk", "bol.com.br", "bredband.net", "broadpark.no",
	"btinternet.com", "btopenworld.com", "centrum.cz", "centrum.sk",
	"charter.net", "chello.at", "citromail.hu", "clix.pt", "club-internet.fr",
	"comcast.net", "comhem.se", "cox.net", "daum.net", "dir.bg",
	"disroot.org", "docomo.ne.jp", "earthlink.net", "eircom.net", "email.com",
	"email.cz", "email.it", "excite.com", "ezweb.ne.jp", "fastmail.com",
	"fastmail.fm", "fastwebnet.it", "foxmail.com", "free.fr", "freemail.hu",
	"freenet.de", "frontier.com", "gazeta.pl", "globo.com", "globomail.com",
	"gmail.com", "gmx.at", "gmx.ch", "gmx.co.uk", "gmx.com", "gmx.de",
	"gmx.fr", "gmx.net", "gmx.us", "googlemail.com", "hanmail.net",
	"hetnet.nl", "hey.com", "hispeed.ch", "home.nl", "hot.ee", "hotmail.be",
	"hotmail.ca", "hotmail.ch", "hotmail.co.jp", "hotmail.co.uk",
	"hotmail.com", "hotmail.com.ar", "hotmail.com.br", "hotmail.com.tr",
	"hotmail.de", "hotmail.dk", "hotmail.es", "hotmail.fr", "hotmail.it",
	"hotmail.nl", "hotmail.no", "hotmail.se", "hushmail.com", "i.ua",
	"icloud.com", "ig.com.br", "iinet.net.au", "inbox.com", "inbox.lv",
	"inbox.ru", "indamail.hu", "indiatimes.com", "interia.eu", "interia.pl",
	"internet.ru", "inwind.it", "iol.it", "jubii.dk", "juno.com",
	"keemail.me", "kpnmail.nl", "laposte.net", "lenta.ru", "libero.it",
	"list.ru", "live.be", "live.ca", "live.cn", "live.co.uk", "live.com",
	"live.com.ar", "live.com.au", "live.com.mx", "live.de", "live.dk",
	"live.fr", "live.in", "live.it", "live.nl", "live.no", "live.se",
	"lycos.com", "mac.com", "mail.bg", "mail.com", "mail.de", "mail.dk",
	"mail.ee", "mail.ru", "mailbox.org", "mailfence.com", "me.com", "meta.ua",
	"msn.com", "mweb.co.za", "mynet.com", "myyahoo.com", "nate.com",
	"naver.com", "netzero.net", "neuf.fr", "nifty.com", "ntlworld.com",
	"numericable.fr", "o2.pl", "oi.com.br", "one.lv", "onet.eu", "onet.pl",
	"online.de", "online.no", "op.pl", "optonline.net", "optusnet.com.au",
	"orange.fr", "outlook.be", "outlook.co.uk", "outlook.com",
	"outlook.com.br", "outlook.de", "outlook.dk", "outlook.es", "outlook.fr",
	"outlook.in", "outlook.it", "outlook.jp", "outlook.pt", "passport.com",
	"planet.nl", "pm.me", "poczta.onet.pl", "post.com", "post.cz",
	"posteo.de", "proton.me", "protonmail.ch", "protonmail.com",
	"proximus.be", "qq.com", "r7.com", "rambler.ru", "rediffmail.com",
	"riseup.net", "roadrunner.com", "rocketmail.com", "rogers.com", "rr.com",
	"runbox.com", "sapo.pt", "sbcglobal.net", "scarlet.be", "seznam.cz",
	"sfr.fr", "shaw.ca", "sify.com", "sina.cn", "sina.com", "skiff.com",
	"sky.com", "skynet.be", "softbank.ne.jp", "sohu.com", "spray.se",
	"startmail.com", "sunrise.ch", "sympatico.ca", "t-online.de",
	"talktalk.net", "telefonica.net", "telenet.be", "telia.com",
	"telkomsa.net", "telus.net", "terra.com.br", "terra.es", "tin.it",
	"tiscali.co.uk", "tiscali.it", "tlen.pl", "tom.com", "tpg.com.au",
	"tut.by", "tuta.com", "tuta.io", "tutamail.com", "tutanota.com",
	"tutanota.de", "ukr.net", "uol.com.br", "usa.com", "verizon.net",
	"videotron.ca", "virgilio.it", "virginmedia.com", "vodafone.co.nz",
	"volny.cz", "walla.co.il", "walla.com", "wanadoo.fr", "web.de",
	"webmail.co.za", "windowslive.com", "windstream.net", "wp.pl",
	"xs4all.nl", "xtra.co.nz", "ya.com", "ya.ru", "yahoo.ca", "yahoo.co.id",
	"yahoo.co.in", "yahoo.co.jp", "yahoo.co.kr", "yahoo.co.uk", "yahoo.com",
	"yahoo.com.ar", "yahoo.com.au", "yahoo.com.br", "yahoo.com.hk",
	"yahoo.com.mx", "yahoo.com.ph", "yahoo.com.sg", "yahoo.com.tw",
	"yahoo.com.vn", "yahoo.de", "yahoo.dk", "yahoo.es", "yahoo.fr",
	"yahoo.gr", "yahoo.ie", "yahoo.in", "yahoo.it", "yahoo.no", "yahoo.pl",
	"yahoo.se", "yandex.by", "yandex.com", "yandex.kz", "yandex.ru",
	"yandex.ua", "yeah.net", "ymail.com", "ziggo.nl", "zipmail.com.br",
	"zoho.com", "zohomail.com", "zohomail.eu", "zoznam.sk"
};

static int
compare_domain(const void *domain, const void *entry)
{
	return strcmp(domain, *(const char *const *) entry);
}

bool
domain_is_free_mail(const char *domain)
{
	return bsearch(domain, free_mail_domains, lengthof(free_mail_domains),
				   sizeof(free_mail_domains[0]), compare_domain) != NULL;
}

const char *
domain_without_dots(const char *domain)
{
	if (strcmp(domain, "gmail.com") == 0 || strcmp(domain, "googlemail.com") == 0)
		return "gmail.com";
	return NULL;
}
