//! `--server`: a report that a Baton server makes, shown as if it were made here.
//!
//! The server writes it, as JSON or as tables of this terminal's width; nothing is computed here.
//! The token comes from the environment, so that it stands in no list of processes and in no
//! history of a shell, and it goes to the server that was named alone.

mod question;

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use url::{Host, Url};

use crate::args::Command;
use crate::show;
use question::Question;

/// Where the token is.
const TOKEN: &str = "BATON_TOKEN";
const CONNECT_SECONDS_MAX: u64 = 10;
/// A server gives a request up after a minute; the answer may take another one to come.
const ANSWER_SECONDS_MAX: u64 = 120;
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// How an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Tables,
}

/// Asks a server for the report of a command, and prints it.
pub async fn run(server: &Url, plain_http: bool, command: Command) -> anyhow::Result<()> {
    let (question, json) = question::of(command)?;
    let server = Server::new(server, plain_http)?;
    let form = if json { Form::Json } else { Form::Tables };
    show::print(&server.ask(&question, form).await?)?;
    if question.is_proof() && !server.holds(&question).await? {
        bail!("the journal does not hold: restore it from a backup");
    }
    Ok(())
}

/// A server that may be asked.
struct Server {
    root: Url,
    client: Client,
    authorization: Option<HeaderValue>,
}

impl Server {
    fn new(address: &Url, plain_http: bool) -> anyhow::Result<Server> {
        let root = checked(address, plain_http)?;
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX))
            .timeout(Duration::from_secs(ANSWER_SECONDS_MAX))
            .redirect(Policy::none());
        // What is on this machine is asked directly, whatever proxy the environment names.
        let client = if is_this_machine(&root) { client.no_proxy() } else { client };
        let token = std::env::var(TOKEN).ok().filter(|token| !token.trim().is_empty());
        let authorization = token.as_deref().map(bearer).transpose()?;
        Ok(Server { root, client: client.build()?, authorization })
    }

    /// The answer's text, just as the server wrote it.
    async fn ask(&self, question: &Question, form: Form) -> anyhow::Result<String> {
        let mut url = self.root.join(&question.path)?;
        let width = (form == Form::Tables).then(|| ("width", show::width().to_string()));
        url.query_pairs_mut()
            .extend_pairs(question.query.iter().cloned())
            .extend_pairs(width.map(|(name, width)| (name.to_owned(), width)));
        let kind = if form == Form::Json { "application/json" } else { "text/plain" };
        let mut request = self.client.get(url).header(ACCEPT, kind);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let unreached = || format!("{} cannot be reached", self.root);
        let mut answer = request.send().await.map_err(without_address).with_context(unreached)?;
        let mut bytes = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(without_address)? {
            bytes.extend_from_slice(&part);
            if bytes.len() > ANSWER_BYTES_MAX {
                bail!("{} answers with more than {ANSWER_BYTES_MAX} bytes", self.root);
            }
        }
        let text = String::from_utf8(bytes).context("the answer is no text")?;
        match answer.status() {
            StatusCode::OK => Ok(text),
            status => Err(self.refusal(status, &text)),
        }
    }

    /// Whether the journal holds, by what the server says of it for programs.
    async fn holds(&self, question: &Question) -> anyhow::Result<bool> {
        let proof: Value = serde_json::from_str(&self.ask(question, Form::Json).await?)?;
        Ok(proof["holds"] == true)
    }

    /// What a server says that does not answer, as an error of ours.
    fn refusal(&self, status: StatusCode, text: &str) -> anyhow::Error {
        if status == StatusCode::UNAUTHORIZED {
            let why = if self.authorization.is_some() {
                "does not know the token in"
            } else {
                "asks for a token: set"
            };
            return anyhow::anyhow!(
                "{} {why} {TOKEN} (`baton member token` makes one, or My account)",
                self.root
            );
        }
        let problem: Option<Value> = serde_json::from_str(text).ok();
        match problem.as_ref().and_then(|problem| problem["detail"].as_str()) {
            Some(detail) => anyhow::anyhow!("{detail}"),
            None => anyhow::anyhow!("{} answers {status}: is a Baton server there?", self.root),
        }
    }
}

/// Errors name the address, and what was asked for is the user's own business.
fn without_address(error: reqwest::Error) -> reqwest::Error {
    error.without_url()
}

/// An address below which questions are asked.
fn checked(address: &Url, plain_http: bool) -> anyhow::Result<Url> {
    let mut root = address.clone();
    if !matches!(root.scheme(), "http" | "https") || root.cannot_be_a_base() {
        bail!("{root} is no server: write an address such as https://baton.example.com");
    }
    if !root.username().is_empty() || root.password().is_some() {
        bail!("leave the name and password out of the address, and set {TOKEN} to a token");
    }
    if root.scheme() == "http" && !is_this_machine(&root) && !plain_http {
        bail!(
            "{root} is another machine, and over plain http others could read the token and the \
             figures: use https, or add --plain-http where the network is safe"
        );
    }
    root.set_query(None);
    root.set_fragment(None);
    if !root.path().ends_with('/') {
        root.set_path(&format!("{}/", root.path()));
    }
    Ok(root)
}

fn is_this_machine(address: &Url) -> bool {
    match address.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn bearer(token: &str) -> anyhow::Result<HeaderValue> {
    let header = HeaderValue::from_str(&format!("Bearer {}", token.trim()));
    let mut header = header.map_err(|_| anyhow::anyhow!("{TOKEN} holds no token"))?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_leaves_this_machine_by_tls_alone() {
        let check = |address: &str, plain_http: bool, root: Option<&str>| {
            let found = checked(&address.parse().expect("an address"), plain_http);
            assert_eq!(found.ok().as_ref().map(Url::as_str), root, "{address}");
        };
        check("http://127.0.0.1:7700", false, Some("http://127.0.0.1:7700/"));
        check("http://[::1]:7700/", false, Some("http://[::1]:7700/"));
        check("http://localhost:7700", false, Some("http://localhost:7700/"));
        check("https://example.com/baton", false, Some("https://example.com/baton/"));
        check("http://example.com", false, None);
        check("http://127.0.0.1.example.com", false, None);
        check("http://example.com", true, Some("http://example.com/"));
        check("https://ada:secret@example.com", false, None);
        check("ftp://example.com", true, None);
        check("mailto:ada@example.com", true, None);
    }
}
