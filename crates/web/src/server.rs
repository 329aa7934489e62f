//! The web application: one process, one port, pages and an API over the verbs of `app`.
//!
//! Pages are made on the server and are whole without scripts. Who asks is known before anything
//! is looked up, what a role may do is decided by policies, and whose records are seen by the
//! scope that goes into every verb.

mod answers;
mod api;
mod asked;
mod assets;
mod authorization;
#[cfg(debug_assertions)]
mod design;
mod entrance;
mod export;
mod fault;
mod field;
mod figures;
mod forecast;
mod frame;
mod goal_parts;
mod handoffs;
mod huddles;
mod idempotency;
mod journal;
mod keys;
mod lanes;
mod members;
mod metrics;
mod pages;
mod pay;
mod periods;
mod pipeline;
mod plan_versions;
mod policy;
mod records;
mod reference;
mod rendition;
mod review;
mod scores;
mod settled;
mod shared;
mod teams;
mod track_page;
mod tracking;
mod upkeep;
mod uploads;
mod visitor;
mod webhooks;
mod what_if;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use app::context::Context;
use axum::error_handling::HandleErrorLayer;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware;
use axum::routing::{get, post};
use axum::{BoxError, Router};
use jiff::Timestamp;
use tokio::task::AbortHandle;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

pub use assets::HAS_PARTS;
use fault::Fault;
pub use shared::Entry;
use shared::Shared;
pub use webhooks::Sender;

/// Requests under way; more are turned away at once, so that those under way end in time.
const REQUESTS_AT_ONCE_MAX: usize = 256;
/// A request that takes longer is given up.
const REQUEST_SECONDS_MAX: u64 = 60;
/// Bytes that a form may have.
const FORM_BYTES_MAX: usize = 256 * 1024;
/// Where scripts, styles and pictures may come from: this server, and nothing written in a page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// Why the server cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("{0} cannot be listened on: {1}. Choose another with --listen")]
    Listen(SocketAddr, std::io::Error),
    #[error("--demo signs everybody in, so it listens on this machine alone: leave {0} out")]
    DemoInPublic(SocketAddr),
    #[error("the server stopped: {0}")]
    Stopped(std::io::Error),
    #[error("threads cannot be started: {0}")]
    Threads(std::io::Error),
    #[error("the policies cannot be read: {0}")]
    Policy(String),
}

/// Serves a company until `stop` is over. `ready` is told the address once it is listened on.
///
/// # Errors
/// When the address cannot be listened on, or a demo would be seen from outside.
pub async fn serve(
    context: Context,
    listen: SocketAddr,
    entry: Entry,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    if entry == Entry::Demo && !listen.ip().is_loopback() {
        return Err(ServeError::DemoInPublic(listen));
    }
    let unheard = |error| ServeError::Listen(listen, error);
    let listener = tokio::net::TcpListener::bind(listen).await.map_err(unheard)?;
    let address = listener.local_addr().map_err(unheard)?;
    let shared = Arc::new(Shared::new(context, entry, address, Timestamp::now)?);
    review::clear_away(&shared);
    shared.warm_up();
    let upkeep = [upkeep::start(&shared), upkeep::start_sealing(&shared), webhooks::start(&shared)];
    ready(address);
    let served = axum::serve(listener, router(shared)).with_graceful_shutdown(stop).await;
    upkeep.iter().for_each(AbortHandle::abort);
    served.map_err(ServeError::Stopped)
}

/// The application as it would be served at an address, with a clock of the caller's.
///
/// # Errors
/// When its policies cannot be read.
pub fn application(
    context: Context,
    entry: Entry,
    address: SocketAddr,
    clock: fn() -> Timestamp,
) -> Result<Router, ServeError> {
    Ok(router(Arc::new(Shared::new(context, entry, address, clock)?)))
}

/// Every route of the application.
fn router(shared: Arc<Shared>) -> Router {
    let fixed = |name: &'static str, value: &'static str| {
        let name = HeaderName::from_static(name);
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    let app = Router::new();
    // The tokens and the parts of pages, for who works on them: not in a release.
    #[cfg(debug_assertions)]
    let app = app.route("/design", get(design::page));
    app.merge(pages::routes())
        .merge(goal_parts::routes())
        .merge(plan_versions::routes())
        .merge(records::routes())
        .merge(forecast::routes())
        .merge(pipeline::routes())
        .merge(entrance::routes())
        .merge(members::routes())
        .merge(teams::routes())
        .merge(track_page::routes())
        .merge(handoffs::routes())
        .merge(scores::routes())
        .merge(webhooks::routes())
        .merge(periods::routes())
        .merge(pay::routes())
        .merge(huddles::routes())
        .nest("/api/v1", api::routes(&shared))
        .route("/export/{page}", get(export::download))
        .route("/assets/{name}", get(assets::asset))
        .route("/baton.js", get(assets::tracker))
        .route("/sign-out", post(entrance::sign_out))
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(api::ready))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            Duration::from_secs(REQUEST_SECONDS_MAX),
        ))
        // A large file may take longer to come in than any page.
        .merge(uploads::routes())
        .merge(review::routes())
        .fallback(fault::no_page)
        .layer(middleware::from_fn_with_state(shared.clone(), visitor::known_host))
        .layer(CatchPanicLayer::custom(fault::panicked))
        .layer(
            ServiceBuilder::new()
                .layer(HandleErrorLayer::new(async |_: BoxError| Fault::Unready("too many ask")))
                .load_shed()
                .concurrency_limit(REQUESTS_AT_ONCE_MAX),
        )
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(CsrfLayer::new())
        .layer(fixed("content-security-policy", CONTENT_SECURITY_POLICY))
        .layer(fixed("x-content-type-options", "nosniff"))
        .layer(fixed("referrer-policy", "same-origin"))
        .layer(fixed("cache-control", "no-store"))
        .layer(CompressionLayer::new())
        // What sites send bears no cookie and comes from anywhere.
        .merge(tracking::routes(&shared))
        .with_state(shared)
}
