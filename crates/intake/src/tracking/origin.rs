//! How somebody came: the campaign and the page that led here, and the channel that follows.

use std::borrow::Cow;

use domain::channel::{self, Origin};
use serde_json::Value;
use url::Url;

use super::cut;
use super::event::string;
use crate::limits::EVENT_NAME_BYTES_MAX;

/// Parameters that advertisers' clicks leave in addresses.
const PAID_CLICKS: [&str; 8] =
    ["gclid", "dclid", "wbraid", "gbraid", "msclkid", "ttclid", "li_fat_id", "twclid"];

/// What an event says of the way by which somebody came.
pub(super) struct Came<'a> {
    pub url: &'a str,
    /// The channel, where the sender says it.
    explicit: &'a str,
    source: Cow<'a, str>,
    medium: Cow<'a, str>,
    campaign: Cow<'a, str>,
    /// Of another site.
    referrer_host: String,
    is_from_own_site: bool,
    is_paid_click: bool,
}

impl<'a> Came<'a> {
    pub fn of(event: &'a Value) -> Came<'a> {
        let either = |name: &str| match string(event, &["properties", name]) {
            "" => string(event, &["context", "page", name]),
            own => own,
        };
        let url = either("url");
        let address = Url::parse(url).ok();
        let referrer = Url::parse(either("referrer")).ok();
        let told = |name| Cow::Borrowed(string(event, &["context", "campaign", name]));
        let mut came = Came {
            url,
            explicit: cut(string(event, &["properties", "channel"]), EVENT_NAME_BYTES_MAX),
            source: told("source"),
            medium: told("medium"),
            campaign: told("name"),
            referrer_host: host(referrer.as_ref()),
            is_from_own_site: false,
            is_paid_click: false,
        };
        let own = host(address.as_ref());
        if !came.referrer_host.is_empty() && came.referrer_host == own {
            came.is_from_own_site = true;
            came.referrer_host.clear();
        }
        if let Some(address) = &address {
            came.take_parameters(address);
        }
        came
    }

    /// What the address says itself, where the sender does not.
    fn take_parameters(&mut self, address: &Url) {
        for (name, value) in address.query_pairs() {
            let field = match name.as_ref() {
                "utm_source" => &mut self.source,
                "utm_medium" => &mut self.medium,
                "utm_campaign" => &mut self.campaign,
                name => {
                    self.is_paid_click |= PAID_CLICKS.contains(&name) && !value.is_empty();
                    continue;
                }
            };
            if field.is_empty() {
                *field = Cow::Owned(value.trim().to_owned());
            }
        }
    }

    pub fn campaign(&self) -> &str {
        &self.campaign
    }

    /// Whether another page of the same site led here, and nothing else did.
    pub fn is_within_visit(&self) -> bool {
        self.is_from_own_site && self.says_nothing()
    }

    fn says_nothing(&self) -> bool {
        let texts = [&self.source, &self.medium, &self.campaign];
        texts.iter().all(|text| text.is_empty()) && !self.is_paid_click && self.explicit.is_empty()
    }

    /// The channel; empty where the event tells of no way at all, as what a server sends.
    pub fn channel(&self) -> &str {
        let is_by_itself = self.referrer_host.is_empty() && self.says_nothing();
        if !self.explicit.is_empty() {
            return self.explicit;
        }
        if is_by_itself && (self.url.is_empty() || self.is_from_own_site) {
            return "";
        }
        channel::of(&Origin {
            source: &self.source,
            medium: &self.medium,
            campaign: &self.campaign,
            referrer_host: &self.referrer_host,
            is_paid_click: self.is_paid_click,
        })
    }
}

fn host(address: Option<&Url>) -> String {
    let host = address.and_then(Url::host_str).unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host).to_owned()
}
