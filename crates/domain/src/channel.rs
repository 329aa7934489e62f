//! Channels: by which way somebody came, told from what the visit itself says.
//!
//! A short rule under the names of the default channel groups of Google Analytics 4 ("Default
//! channel group", 2024), with a group of its own for assistants. The first group that fits holds.
//! A source that says its channel itself is never asked for it here.

/// What a visit says of where it came from; empty where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin<'a> {
    /// `utm_source`.
    pub source: &'a str,
    /// `utm_medium`.
    pub medium: &'a str,
    /// `utm_campaign`.
    pub campaign: &'a str,
    /// The host of the page that led here, of another site than this one.
    pub referrer_host: &'a str,
    /// Whether the address bears the id of a click that was paid for (`gclid`, `msclkid`, …).
    pub is_paid_click: bool,
}

pub const DIRECT: &str = "Direct";
pub const UNASSIGNED: &str = "Unassigned";

const SEARCH: &[&str] = &[
    "google",
    "bing",
    "yahoo",
    "duckduckgo",
    "baidu",
    "yandex",
    "ecosia",
    "qwant",
    "startpage",
    "naver",
    "seznam",
    "search.brave.com",
];
const SOCIAL: &[&str] = &[
    "facebook",
    "instagram",
    "linkedin",
    "lnkd.in",
    "twitter",
    "x.com",
    "t.co",
    "reddit",
    "pinterest",
    "tiktok",
    "threads.net",
    "bsky.app",
    "mastodon",
    "xing",
    "quora",
    "news.ycombinator.com",
];
const VIDEO: &[&str] = &["youtube", "youtu.be", "vimeo", "twitch"];
const ASSISTANTS: &[&str] = &[
    "chatgpt.com",
    "chat.openai.com",
    "perplexity",
    "claude.ai",
    "gemini.google.com",
    "copilot.microsoft.com",
    "chatgpt",
];

/// The channel of a visit.
pub fn of(origin: &Origin<'_>) -> &'static str {
    let [source, medium, campaign, host] =
        [origin.source, origin.medium, origin.campaign, origin.referrer_host]
            .map(|text| text.trim().to_lowercase());
    let medium = medium.as_str();
    let from = |sites: &[&str]| is_of(sites, &source) || is_of(sites, &host);
    let says = |words: &[&str]| words.contains(&medium);
    if campaign.contains("cross-network") {
        "Cross-network"
    } else if is_paid(medium) || (origin.is_paid_click && medium.is_empty()) {
        match () {
            () if from(SEARCH) => "Paid Search",
            () if from(SOCIAL) => "Paid Social",
            () if from(VIDEO) => "Paid Video",
            () => "Paid Other",
        }
    } else if says(&["display", "banner", "expandable", "interstitial", "cpm"]) {
        "Display"
    } else if is_mail(medium) || is_mail(&source) {
        "Email"
    } else if says(&["affiliate", "affiliates"]) {
        "Affiliates"
    } else if says(&["audio"]) {
        "Audio"
    } else if says(&["sms"]) || source == "sms" {
        "SMS"
    } else if medium.ends_with("push") || medium.contains("notification") {
        "Mobile Push"
    } else if from(ASSISTANTS) {
        "AI Assistants"
    } else if says(&["social", "social-network", "social-media", "sm", "social network"])
        || from(SOCIAL)
    {
        "Organic Social"
    } else if medium.contains("video") || from(VIDEO) {
        "Organic Video"
    } else if says(&["organic"]) || from(SEARCH) {
        "Organic Search"
    } else if says(&["referral", "app", "link"]) || !host.is_empty() {
        "Referral"
    } else if ["", "(direct)"].contains(&source.as_str()) && ["", "(none)"].contains(&medium) {
        DIRECT
    } else {
        UNASSIGNED
    }
}

/// `cpc`, `ppc`, `retargeting`, and what begins with `paid`.
fn is_paid(medium: &str) -> bool {
    medium.contains("cp") && medium != "cpm"
        || medium == "ppc"
        || medium == "retargeting"
        || medium.starts_with("paid")
}

fn is_mail(text: &str) -> bool {
    ["email", "e-mail", "e_mail", "e mail", "newsletter"].contains(&text)
}

/// Whether a source or host is one of the sites: by its whole name where that has a dot, else by
/// any of its labels.
fn is_of(sites: &[&str], text: &str) -> bool {
    let is = |site: &&str| match site.contains('.') {
        true => text.strip_suffix(*site).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
        false => text.split('.').any(|label| label == *site),
    };
    !text.is_empty() && sites.iter().any(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_has_the_first_channel_that_fits() {
        let check = |source, medium, referrer_host, is_paid_click, expected| {
            let origin = Origin { source, medium, campaign: "", referrer_host, is_paid_click };
            assert_eq!(of(&origin), expected, "{origin:?}");
        };
        check("", "", "", false, "Direct");
        check("(direct)", "(none)", "", false, "Direct");
        check("google", "cpc", "", false, "Paid Search");
        check("Google", "CPC", "www.google.com", false, "Paid Search");
        check("", "", "www.google.de", true, "Paid Search");
        check("linkedin", "paid-social", "", false, "Paid Social");
        check("", "paid", "youtube.com", false, "Paid Video");
        check("adroll", "retargeting", "", false, "Paid Other");
        check("news.example", "cpm", "", false, "Display");
        check("newsletter", "", "", false, "Email");
        check("spring", "Email", "mail.google.com", false, "Email");
        check("", "", "chatgpt.com", false, "AI Assistants");
        check("", "", "gemini.google.com", false, "AI Assistants");
        check("", "", "www.linkedin.com", false, "Organic Social");
        check("", "", "t.co", false, "Organic Social");
        check("", "", "about.co", false, "Referral");
        check("", "", "www.google.co.uk", false, "Organic Search");
        check("", "organic", "", false, "Organic Search");
        check("", "", "googleplex.example", false, "Referral");
        check("", "", "partner.example", false, "Referral");
        check("booth 7", "badge scan", "", false, "Unassigned");
    }
}
