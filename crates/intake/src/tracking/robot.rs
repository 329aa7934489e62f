//! Programs that open pages: crawlers, monitors, previews, and scanners of mail.
//!
//! They say so in their user agent, or nobody can tell. What says nothing is taken for a person.

/// Names of programs, in small letters, as they stand in user agents.
const NAMES: &[&str] = &[
    "crawl",
    "spider",
    "slurp",
    "headless",
    "lighthouse",
    "pagespeed",
    "facebookexternalhit",
    "embedly",
    "quora link preview",
    "bingpreview",
    "google-safety",
    "googleimageproxy",
    "yahoomailproxy",
    "google-read-aloud",
    "mediapartners-google",
    "barracuda",
    "proofpoint",
    "mimecast",
    "safelinks",
    "symantec",
    "trendmicro",
    "trend micro",
    "urldefense",
    "fortiguard",
    "microsoft office",
    "ms-office",
    "skypeuripreview",
    "whatsapp/",
    "pingdom",
    "uptime",
    "statuscake",
    "site24x7",
    "datadog",
    "newrelic",
    "phantomjs",
    "selenium",
    "playwright",
    "puppeteer",
    "wget",
    "curl/",
    "python-requests",
    "python-urllib",
    "aiohttp",
    "go-http-client",
    "okhttp",
    "java/",
    "libwww",
    "httpclient",
    "scrapy",
    "feedfetcher",
    "ia_archiver",
    "archive.org",
    "validator",
    "preview",
];

/// The word by which a user agent is known as a program's; empty for people's browsers.
pub(super) fn name(user_agent: &str) -> &'static str {
    if user_agent.is_empty() {
        return "";
    }
    let agent = user_agent.to_lowercase();
    if is_bot(&agent) {
        return "bot";
    }
    NAMES.iter().find(|name| agent.contains(**name)).copied().unwrap_or_default()
}

/// Whether a word of the agent ends in `bot`, but for a maker of telephones.
fn is_bot(agent: &str) -> bool {
    let words = agent.split(|it: char| !it.is_ascii_alphanumeric());
    let mut words = words.filter(|word| word.ends_with("bot") || word.ends_with("bots"));
    words.any(|word| word != "cubot")
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn programs_are_told_from_people() {
        let check = |agent: &str, expected: &str| assert_eq!(name(agent), expected, "{agent}");
        check("", "");
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        check(firefox, "");
        check(
            "Mozilla/5.0 (Linux; Android 13; CUBOT KINGKONG) Chrome/120 Mobile Safari/537.36",
            "",
        );
        check("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot");
        check("Mozilla/5.0 AppleWebKit/537.36 (KHTML; compatible; GPTBot/1.2)", "bot");
        check("Mozilla/5.0 (X11) HeadlessChrome/126.0 Safari/537.36", "headless");
        check("BarracudaCentral/1.0", "barracuda");
        check(
            "Mozilla/5.0 (Windows NT 5.1) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "googleimageproxy",
        );
        check("curl/8.5.0", "curl/");
    }
}
