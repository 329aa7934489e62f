//! Channels: by which way somebody came, told from what the visit itself says.
//!
//! The default channel groups of Google Analytics 4 in their order ("Default channel group", 2026),
//! and groups of our own: assistants before referrals, since they refer, and events, outbound and
//! partners before what is left. The first group that fits holds. A source that says its channel
//! itself is never asked for it here.

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
const SHOPPING: &[&str] = &[
    "amazon",
    "ebay",
    "etsy",
    "alibaba",
    "aliexpress",
    "walmart",
    "shopzilla",
    "idealo",
    "shop.app",
    "shopping.google.com",
];
const ASSISTANTS: &[&str] = &[
    "chatgpt.com",
    "chat.openai.com",
    "perplexity",
    "claude.ai",
    "gemini.google.com",
    "copilot.microsoft.com",
    "chatgpt",
];

type Test = fn(&Seen) -> bool;

/// Each group with what fits it, in order.
const GROUPS: &[(&str, Test)] = &[
    (DIRECT, Seen::came_directly),
    ("Cross-network", |seen| seen.campaign.contains("cross-network")),
    ("Paid Shopping", |seen| seen.is_paid && (seen.from(SHOPPING) || seen.is_shopping())),
    ("Paid Search", |seen| seen.is_paid && seen.from(SEARCH)),
    ("Paid Social", |seen| seen.is_paid && seen.from(SOCIAL)),
    ("Paid Video", |seen| seen.is_paid && seen.from(VIDEO)),
    ("Display", |seen| seen.by(&["display", "banner", "expandable", "interstitial", "cpm"])),
    ("Paid Other", |seen| seen.is_paid),
    ("Organic Shopping", |seen| seen.from(SHOPPING) || seen.is_shopping()),
    ("AI Assistants", |seen| seen.from(ASSISTANTS)),
    ("Organic Social", |seen| {
        let named =
            ["social", "social-network", "social-media", "sm", "social network", "social media"];
        seen.from(SOCIAL) || seen.by(&named)
    }),
    ("Organic Video", |seen| seen.from(VIDEO) || seen.medium.contains("video")),
    ("Organic Search", |seen| seen.from(SEARCH) || seen.by(&["organic"])),
    ("Email", |seen| is_mail(&seen.medium) || is_mail(&seen.source)),
    ("Referral", |seen| seen.by(&["referral", "app", "link"])),
    ("Affiliates", |seen| seen.by(&["affiliate", "affiliates"])),
    ("Audio", |seen| seen.by(&["audio"])),
    ("SMS", |seen| seen.by(&["sms"]) || seen.source == "sms"),
    ("Mobile Push", |seen| {
        let words = ["mobile", "notification"];
        seen.medium.ends_with("push")
            || words.iter().any(|word| seen.medium.contains(word))
            || seen.source == "firebase"
    }),
    ("Event", |seen| seen.by(&["event", "conference", "trade show", "tradeshow", "booth"])),
    ("Webinar", |seen| seen.by(&["webinar"])),
    ("Outbound", |seen| seen.by(&["outbound", "cold email", "cold call", "sequence", "sdr"])),
    ("Partner", |seen| seen.by(&["partner", "alliance", "reseller", "co-marketing"])),
    // Nothing but the page that led here is known.
    ("Referral", |seen| !seen.host.is_empty()),
];

/// The channel of a visit.
pub fn of(origin: &Origin<'_>) -> &'static str {
    let seen = Seen::of(origin);
    GROUPS.iter().find(|(_, fits)| fits(&seen)).map_or(UNASSIGNED, |(name, _)| name)
}

/// What a visit says, in lower case.
struct Seen {
    source: String,
    medium: String,
    campaign: String,
    host: String,
    is_paid: bool,
}

impl Seen {
    fn of(origin: &Origin<'_>) -> Seen {
        let [source, medium, campaign, host] =
            [origin.source, origin.medium, origin.campaign, origin.referrer_host]
                .map(|text| text.trim().to_lowercase());
        let is_paid = is_paid(&medium) || (origin.is_paid_click && medium.is_empty());
        // What a link says of itself goes before the page on which it stood.
        let is_told = !source.is_empty() || !(medium.is_empty() || is_paid);
        let host = if is_told { String::new() } else { host };
        Seen { source, medium, campaign, host, is_paid }
    }

    fn came_directly(&self) -> bool {
        let nothing_else = self.host.is_empty() && self.campaign.is_empty() && !self.is_paid;
        let by_itself = ["", "(direct)"].contains(&&*self.source)
            && ["", "(none)", "(not set)"].contains(&&*self.medium);
        by_itself && (nothing_else || self.source == "(direct)")
    }

    fn from(&self, sites: &[&str]) -> bool {
        is_of(sites, &self.source) || is_of(sites, &self.host)
    }

    fn by(&self, mediums: &[&str]) -> bool {
        mediums.contains(&&*self.medium)
    }

    /// Whether the campaign names a shop: `shop` at its beginning or behind anything but a letter
    /// other than e (`eshop`, but not `workshop`), or `shopping` anywhere.
    fn is_shopping(&self) -> bool {
        let behind = |at: usize| self.campaign[..at].chars().next_back();
        let is_shop = |at: usize| {
            behind(at).is_none_or(|letter| !letter.is_ascii_lowercase() || letter == 'e')
        };
        self.campaign.contains("shopping")
            || self.campaign.match_indices("shop").any(|(at, _)| is_shop(at))
    }
}

/// What holds `cp`, as `cpc`; `ppc`, `retargeting`, and what begins with `paid`.
fn is_paid(medium: &str) -> bool {
    medium.contains("cp") || ["ppc", "retargeting"].contains(&medium) || medium.starts_with("paid")
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
        check("booth 7", "event", "", false, "Event");
        check("spring list", "outbound", "", false, "Outbound");
        check("acme", "partner", "", false, "Partner");
        check("chatgpt.com", "referral", "", false, "AI Assistants");
        check("about.example", "referral", "", false, "Referral");
        check("firebase", "", "", false, "Mobile Push");
        check("amazon", "cpc", "", false, "Paid Shopping");
        check("", "", "www.etsy.com", false, "Organic Shopping");
        check("google", "cpm", "", false, "Paid Search");
    }

    #[test]
    fn a_campaign_may_name_a_shop() {
        let check = |campaign, medium, expected| {
            let origin = Origin { source: "news", medium, campaign, ..Origin::default() };
            assert_eq!(of(&origin), expected, "{origin:?}");
        };
        check("spring shop", "cpc", "Paid Shopping");
        check("eshop", "cpc", "Paid Shopping");
        check("workshop", "cpc", "Paid Other");
        check("window shopping", "", "Organic Shopping");
        check("cross-network spring", "cpc", "Cross-network");
    }
}
