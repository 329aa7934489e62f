//! Who asks: a member by the session's cookie, a program by a token, or everybody of a demo.

use std::sync::Arc;

use app::context::Context;
use app::team;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::access::{Member, Role, Scope};
use uuid::Uuid;

use super::answers::{Answer, Question, Wanted};
use super::asked::{Asked, Page};
use super::authorization::{self, Authorization};
use super::fault::Fault;
use super::huddles;
use super::policy::Action;
use super::records::SHOWN;
use super::shared::{Entry, Shared};

/// The session's cookie. By this prefix browsers hold it to this host, and to secure transport.
pub(super) const COOKIE: &str = "__Host-baton";

/// Who asks, known and valid.
pub(super) struct Visitor {
    pub member: Member,
    pub scope: Scope,
    /// Whether the visitor may change anything at all: a token may be for reading alone.
    pub may_write: bool,
    pub by_token: bool,
    pub is_demo: bool,
    pub shared: Arc<Shared>,
}

impl Visitor {
    async fn new(member: Member, shared: &Arc<Shared>) -> Result<Visitor, Fault> {
        let scope = team::scope(&shared.company().store, &member).await?;
        let (is_demo, shared) = (shared.entry == Entry::Demo, shared.clone());
        Ok(Visitor { member, scope, may_write: true, by_token: false, is_demo, shared })
    }

    /// The company as this visitor sees it, if the role permits the action.
    ///
    /// # Errors
    /// When it does not, or the token is for reading alone.
    pub fn context(&self, action: Action) -> Result<Context, Fault> {
        self.check(action)?;
        Ok(self.shared.context(&self.actor(), self.scope.clone()))
    }

    /// The answer to a page's question as this visitor sees the company, and whether it is of facts
    /// that have changed since.
    ///
    /// # Errors
    /// When the question cannot be answered, or not now.
    pub async fn answer(
        &self,
        page: Page,
        asked: &Asked,
        wanted: Wanted,
    ) -> Result<(Arc<Answer>, bool), Fault> {
        let mut question = Question::new(page, asked, &self.scope);
        if page == Page::Journal && !self.may(Action::ReadJournal) {
            // What is no record of theirs is settled by others: members, goals, files.
            question.asked.journal.held_to = SHOWN.to_vec();
        }
        self.shared.answers.get(&self.shared, question, wanted).await
    }

    pub fn check(&self, action: Action) -> Result<(), Fault> {
        let writes = matches!(
            action,
            Action::EditRecords
                | Action::SetGoal
                | Action::SavePlans
                | Action::ClosePeriods
                | Action::SignPay
                | Action::ManagePay
                | Action::ApprovePay
                | Action::HoldHuddles
                | Action::SubmitCalls
                | Action::OverrideCalls
                | Action::SignGoal
                | Action::HandOver
                | Action::DirectQueue
                | Action::WriteAgreement
                | Action::SignAgreement
                | Action::Import
                | Action::ManageTracking
                | Action::ManageWebhooks
                | Action::ManageMembers
        );
        if writes && !self.may_write {
            return Err(Fault::Forbidden("write: this token reads alone"));
        }
        self.shared.policy.check(self.member.role, &self.scope, action)
    }

    pub fn may(&self, action: Action) -> bool {
        self.check(action).is_ok()
    }

    /// Under what name the journal keeps what the visitor does: never a personal one.
    pub fn actor(&self) -> String {
        if self.is_demo { "demo owner".to_owned() } else { format!("member:{}", self.member.id) }
    }
}

impl FromRequestParts<Arc<Shared>> for Visitor {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Visitor, Fault> {
        if shared.entry == Entry::Demo {
            return Visitor::new(demo_owner(), shared).await;
        }
        let store = &shared.company().store;
        let broken = |error: app::error::Error| Fault::from(error);
        let token = match authorization::told(&parts.headers) {
            Some(Authorization::Bearer(token)) => Some(token.to_owned()),
            // A calendar sends its token as a password.
            Some(Authorization::Basic { password, .. })
                if parts.uri.path() == huddles::CALENDAR =>
            {
                Some(password)
            }
            _ => None,
        };
        if let Some(token) = token {
            let known = store.token(&token, shared.now()).await;
            let known = known.map_err(|error| broken(error.into()))?;
            let (member, token) = known.ok_or_else(|| sign_in(parts))?;
            let visitor = Visitor::new(member, shared).await?;
            return Ok(Visitor { may_write: token.may_write, by_token: true, ..visitor });
        }
        let secret = session(&parts.headers).ok_or_else(|| sign_in(parts))?;
        let member = store.session(secret, shared.now()).await;
        let member = member.map_err(|error| broken(error.into()))?;
        Visitor::new(member.ok_or_else(|| sign_in(parts))?, shared).await
    }
}

/// Who everybody is in a demo.
fn demo_owner() -> Member {
    Member {
        id: Uuid::nil(),
        email: String::new(),
        name: "Demo".to_owned(),
        role: Role::Owner,
        user: None,
    }
}

fn sign_in(parts: &Parts) -> Fault {
    let next = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    Fault::SignIn { next: next.to_owned() }
}

/// The secret in the session's cookie.
pub(super) fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';'));
    let mut named = pairs.filter_map(|pair| pair.trim().split_once('='));
    named.find(|(name, _)| *name == COOKIE).map(|(_, secret)| secret)
}

/// Refuses a demo to pages that have another host's name for this machine: whoever can make a
/// browser ask a name of theirs that leads here would otherwise be let in.
pub(super) async fn known_host(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    if shared.entry == Entry::Demo && !is_this_machine(request.headers()) {
        let why = "A demo answers to localhost and 127.0.0.1 alone: open it under one of them.";
        return Fault::Input(why.to_owned()).into_response();
    }
    next.run(request).await
}

/// Headers by which proxies say for whom they ask, beside those that begin with `x-forwarded`.
const OF_PROXIES: [&str; 9] = [
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-host",
    "true-client-ip",
    "cf-connecting-ip",
    "fastly-client-ip",
];

/// Whether a request comes from this machine: the server listens to it alone, nothing says that
/// a proxy asks for somebody else, and it is asked by this machine's own name, which a page of
/// somebody else's in a browser here could not do.
pub(super) fn is_local(shared: &Shared, headers: &HeaderMap) -> bool {
    shared.address.ip().is_loopback() && is_this_machine(headers) && !is_forwarded(headers)
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    let is_of_proxy = |name: &str| name.starts_with("x-forwarded") || OF_PROXIES.contains(&name);
    headers.keys().any(|name| is_of_proxy(name.as_str()))
}

fn is_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
    let name = name.map_or(host, |(name, _)| name);
    ["localhost", "127.0.0.1", "[::1]"].contains(&name)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_demo_answers_to_this_machine_alone() {
        let check = |host: &'static str, answers: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            assert_eq!(is_this_machine(&headers), answers, "{host}");
        };
        check("localhost:7700", true);
        check("127.0.0.1:7700", true);
        check("[::1]:7700", true);
        check("localhost", true);
        check("baton.example.com:7700", false);
        check("127.0.0.1.example.com", false);
        assert!(!is_this_machine(&HeaderMap::new()));
    }

    #[test]
    fn a_proxy_is_known_by_what_it_adds() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("localhost"));
        assert!(!is_forwarded(&headers));
        for name in ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-real-ip", "via"] {
            let mut asked = headers.clone();
            asked.insert(name, HeaderValue::from_static("203.0.113.9"));
            assert!(is_forwarded(&asked), "{name}");
        }
    }

    #[test]
    fn the_session_is_found_among_cookies() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=b; __Host-baton=s3; c=d"));
        assert_eq!(session(&headers), Some("s3"));
        assert_eq!(session(&HeaderMap::new()), None);
    }
}
