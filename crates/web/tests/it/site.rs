//! A company with two sales reps, served without a socket.

use std::net::SocketAddr;

use app::access::{self, Invited};
use app::goal;
use app::record;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use domain::access::Role;
use domain::goal::Counts;
use domain::kind::Kind;
use domain::master::{Master, Realm};
use jiff::Timestamp;
use testkit::{How, TestCompany};
use tower::ServiceExt;
use web::server::{Entry, application};

const USERS: &str = "user_id,name,email\nu1,Ann Rep,ann@example.com\nu2,Bob Rep,bob@example.com\n";
const ACCOUNTS: &str = "account_id,name,owner_id\na1,Open Works,u1\na2,Hidden Harbour,u2\n";
pub const PASSWORD: &str = "correct horse battery";

pub struct Site {
    pub company: TestCompany,
    pub router: Router,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

/// Noon of 2026-06-01, when the test company's clock stands.
fn noon() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().expect("a moment")
}

/// Ann's deals, won and lost every few days, and one open deal of Bob's that others may not see.
fn deals() -> String {
    let mut text =
        "deal_id,name,account_id,owner_id,stage,amount,created_at,close_date\n".to_owned();
    for number in 0..60_u32 {
        let (month, day) = (1 + number % 4, 1 + number % 28);
        let stage = if number % 3 == 0 { "Closed Won" } else { "Closed Lost" };
        let (amount, next) = (1_000 + number, month + 1);
        text.push_str(&format!("d{number},Deal {number},a1,u1,{stage},{amount}.00,"));
        text.push_str(&format!("2026-{month:02}-{day:02},2026-{next:02}-{day:02}\n"));
    }
    text.push_str("o1,Plain sailing,a1,u1,Discovery,5000.00,2026-05-01,2026-07-31\n");
    text.push_str("s1,Secret venture,a2,u2,Discovery,987654.00,2026-05-02,2026-07-30\n");
    text
}

impl Site {
    pub async fn new(entry: Entry) -> Site {
        let company = TestCompany::new().await;
        let files = [
            (Kind::Users, USERS.to_owned()),
            (Kind::Accounts, ACCOUNTS.to_owned()),
            (Kind::Deals, deals()),
        ];
        for (kind, text) in files {
            company.import_text(kind, &text, How::default()).await.expect("is imported");
        }
        let context = &company.context;
        let deals = Realm { kind: Kind::Deals, field: None };
        record::set_master(context, deals, Master::Baton).await.expect("is settled");
        let year = "2026".parse().expect("a year");
        goal::set(context, "200000", year, Counts::All, 0.8).await.expect("is set");
        let served = context.renewed("the server", noon(), context.scope.clone());
        let address: SocketAddr = ([127, 0, 0, 1], 7700).into();
        let router = application(served, entry, address, noon).expect("the policies read");
        Site { company, router }
    }

    /// A member with a role, and a token of theirs.
    pub async fn token(&self, role: Role, user: Option<&str>, may_write: bool) -> String {
        let invited = Invited {
            email: format!("{}-{may_write}@example.com", role.name().replace(' ', ".")),
            name: role.name().to_owned(),
            role,
            user: user.map(str::to_owned),
            password: PASSWORD.to_owned(),
        };
        let context = &self.company.context;
        let member = access::add(context, invited).await.expect("is a member");
        let made = access::make_token(context, &member, "test", may_write, 1).await;
        made.expect("a token is made")
    }

    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("answers");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("ends");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.ask(request(Method::GET, path, token, Body::empty())).await
    }

    pub async fn post(&self, path: &str, token: Option<&str>, form: &str) -> Answer {
        let mut request = request(Method::POST, path, token, Body::from(form.to_owned()));
        let kind = "application/x-www-form-urlencoded".parse().expect("a header");
        request.headers_mut().insert(header::CONTENT_TYPE, kind);
        self.ask(request).await
    }
}

pub fn request(method: Method, path: &str, token: Option<&str>, body: Body) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    request.body(body).expect("a request")
}
