//! A review in the browser: exports come in, the page of `baton review` comes out.
//!
//! On this machine it takes no account. Files lie in a folder of the review alone, the figures are
//! computed in another one that is gone when they are, and nothing of the company is touched
//! unless a member who may import says that the files are to be kept.

use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use app::context::{Context, Session};
use app::limits::REVIEW_FILES_MAX;
use app::review::{self, Question};
use askama::Template;
use axum::Router;
use axum::extract::multipart::Field;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Multipart, Path};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base64::prelude::{BASE64_STANDARD, Engine};
use domain::access::Scope;
use reports::review::FileRead;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::fault::Fault;
use super::frame::{html, sentence};
use super::policy::Action;
use super::shared::Shared;
use super::uploads::{FILE_BYTES_MAX, unread};
use super::visitor::{Visitor, is_local};

/// Reviews that are remembered; the oldest one makes room.
const REVIEWS_MAX: usize = 8;
/// How long a review is there to be looked at.
const KEPT_FOR: Duration = Duration::from_secs(60 * 60);
/// The folder in the data folder.
const FOLDER: &str = "reviews";
/// Letters that a file's name keeps.
const NAME_LETTERS_MAX: usize = 100;

pub(super) fn routes() -> Router<Arc<Shared>> {
    let receive = get(form).post(receive).layer(DefaultBodyLimit::max(FILE_BYTES_MAX));
    Router::new()
        .route("/review", receive)
        .route("/review/{id}", get(state))
        .route("/review/{id}/page", get(page))
        .route("/review/{id}/keep", post(keep))
        .route("/review/{id}/end", post(end))
}

/// What a server that was ended at once has left behind goes away.
pub(super) fn clear_away(shared: &Shared) {
    // It is not there, most of the time.
    let _ = std::fs::remove_dir_all(shared.company().path(FOLDER));
}

/// The reviews of late, by id.
#[derive(Default)]
pub(super) struct Reviews {
    known: Mutex<BTreeMap<Uuid, Arc<Review>>>,
}

struct Review {
    folder: Folder,
    files: Vec<PathBuf>,
    /// Whose it is; of somebody without an account where it is nobody's.
    by: Option<Uuid>,
    state: Mutex<State>,
}

#[derive(Clone)]
enum State {
    /// What is being done.
    UnderWay(String),
    Done(Arc<Reviewed>),
    Failed(String),
    /// The files are imports of the company now.
    Kept(Arc<Vec<FileRead>>),
}

struct Reviewed {
    headline: String,
    page: String,
    /// The digest of the page's own style, by which alone it is let through.
    style: String,
}

/// A folder that goes with its review.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the next start.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Who may have files reviewed: members who may import, and whoever is on this machine.
struct Guest {
    visitor: Option<Visitor>,
    shared: Arc<Shared>,
}

impl FromRequestParts<Arc<Shared>> for Guest {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Guest, Fault> {
        let guest = |visitor| Ok(Guest { visitor, shared: shared.clone() });
        let is_local = is_local(shared, &parts.headers);
        match Visitor::from_request_parts(parts, shared).await {
            Ok(visitor) if visitor.may(Action::Import) => guest(Some(visitor)),
            Ok(_) | Err(Fault::SignIn { .. }) if is_local => guest(None),
            Ok(visitor) => visitor.check(Action::Import).and(guest(None)),
            Err(fault) => Err(fault),
        }
    }
}

impl Guest {
    fn id(&self) -> Option<Uuid> {
        self.visitor.as_ref().map(|visitor| visitor.member.id)
    }

    fn find(&self, id: Uuid) -> Result<Arc<Review>, Fault> {
        let known = self.shared.reviews.known.lock().unwrap_or_else(PoisonError::into_inner);
        let absent =
            || Fault::NotFound("This review is no longer here: send the files again.".into());
        let review =
            known.get(&id).filter(|review| review.by.is_none_or(|by| Some(by) == self.id()));
        review.cloned().ok_or_else(absent)
    }
}

#[derive(Template)]
#[template(path = "server/review.html")]
struct ReviewForm {
    files_max: usize,
    is_signed_in: bool,
}

#[derive(Template)]
#[template(path = "server/reviewed.html")]
struct ReviewState {
    path: String,
    answer: String,
    is_under_way: bool,
    is_done: bool,
    is_kept: bool,
    may_keep: bool,
    is_signed_in: bool,
    files: Vec<FileView>,
}

struct FileView {
    name: String,
    about: String,
}

async fn form(guest: Guest) -> Result<Response, Fault> {
    let is_signed_in = guest.visitor.is_some();
    html(StatusCode::OK, &ReviewForm { files_max: REVIEW_FILES_MAX, is_signed_in })
}

async fn receive(guest: Guest, mut form: Multipart) -> Result<Response, Fault> {
    let context = guest.shared.context("a review", Scope::All);
    let id = context.new_id();
    let folder = Folder(context.path(FOLDER).join(id.to_string()));
    let mut files = Vec::new();
    while let Some(field) = form.next_field().await.map_err(unread)? {
        let name = field.file_name().unwrap_or_default().to_owned();
        if name.is_empty() {
            continue;
        }
        if files.len() == REVIEW_FILES_MAX {
            return Err(Fault::input(format!("choose {REVIEW_FILES_MAX} files at most")));
        }
        // Each in a folder of its own, so that files of one name stand beside one another.
        let place = folder.0.join(format!("files/{:03}", files.len()));
        files.push(saved(field, &place, &name).await?);
    }
    if files.is_empty() {
        return Err(Fault::input("choose the exports of your CRM"));
    }
    let state = Mutex::new(State::UnderWay("looking at the files".to_owned()));
    let review = Arc::new(Review { folder, files, by: guest.id(), state });
    guest.shared.reviews.remember(id, review.clone());
    forget_later(&guest.shared, id);
    let question = Question {
        paths: review.files.clone(),
        as_of: None,
        currency: None,
        calendar: context.company.calendar,
        seed: 1,
    };
    tokio::spawn(compute(guest.shared.clone(), context, review, question));
    Ok(Redirect::to(&format!("/review/{id}")).into_response())
}

/// Writes a file as it comes in, under a name that is one.
async fn saved(mut field: Field<'_>, place: &FilePath, name: &str) -> Result<PathBuf, Fault> {
    let broken = |error: std::io::Error| Fault::Broken(format!("a review: {error}"));
    tokio::fs::create_dir_all(place).await.map_err(broken)?;
    let path = place.join(harmless(name));
    let mut file = tokio::fs::File::create_new(&path).await.map_err(broken)?;
    while let Some(bytes) = field.chunk().await.map_err(unread)? {
        file.write_all(&bytes).await.map_err(broken)?;
    }
    file.flush().await.map_err(broken)?;
    Ok(path)
}

/// The name of a file without the way to it and without letters that lead elsewhere.
fn harmless(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = |letter: char| letter.is_alphanumeric() || " ._-()".contains(letter);
    let kept: String =
        last.chars().map(|letter| if plain(letter) { letter } else { '_' }).collect();
    let kept = kept.trim_start_matches(['.', ' ']);
    let surplus = kept.chars().count().saturating_sub(NAME_LETTERS_MAX);
    let kept: String = kept.chars().skip(surplus).collect();
    if kept.is_empty() { "file.csv".to_owned() } else { kept }
}

fn forget_later(shared: &Arc<Shared>, id: Uuid) {
    let shared = Arc::downgrade(shared);
    tokio::spawn(async move {
        tokio::time::sleep(KEPT_FOR).await;
        if let Some(shared) = shared.upgrade() {
            shared.reviews.forget(id);
        }
    });
}

async fn compute(shared: Arc<Shared>, context: Context, review: Arc<Review>, question: Question) {
    let work = review.folder.0.join("work");
    let (telling, place) = (review.clone(), work.clone());
    let verb = async move |context: &Context| {
        std::fs::create_dir_all(&place).map_err(app::error::Error::folder(&place))?;
        let mut id_seed = [0; 32];
        id_seed[..16].copy_from_slice(context.new_id().as_bytes());
        id_seed[16..].copy_from_slice(context.new_id().as_bytes());
        let session = Session { actor: "a review".to_owned(), now: context.now, id_seed };
        let progress = |doing: &str| telling.set(State::UnderWay(doing.to_owned()));
        review::review(&question, &place, session, &progress).await
    };
    let done = shared.run(context, verb).await;
    // The figures are in the page: what they were computed from in between is not kept.
    let _ = tokio::fs::remove_dir_all(&work).await;
    review.set(match done {
        Ok(report) => match crate::review::page(&report) {
            Ok(page) => {
                let (headline, style) = (report.headline(), digest_of_style(&page));
                State::Done(Arc::new(Reviewed { headline, page, style }))
            }
            Err(error) => State::Failed(error.to_string()),
        },
        Err(fault) => State::Failed(fault.detail()),
    });
}

async fn state(guest: Guest, Path(id): Path<Uuid>) -> Result<Response, Fault> {
    let review = guest.find(id)?;
    let mut view = ReviewState {
        path: format!("/review/{id}"),
        answer: String::new(),
        is_under_way: false,
        is_done: false,
        is_kept: false,
        may_keep: guest.visitor.is_some(),
        is_signed_in: guest.visitor.is_some(),
        files: Vec::new(),
    };
    match review.state() {
        State::UnderWay(doing) => {
            (view.is_under_way, view.answer) = (true, sentence(&doing));
        }
        State::Done(done) => (view.is_done, view.answer) = (true, done.headline.clone()),
        State::Failed(why) => view.answer = sentence(&why),
        State::Kept(files) => {
            let read = files.iter().filter(|file| file.kind.is_some()).count();
            view.answer =
                format!("{read} of {} files are imports of the company now.", files.len());
            view.is_kept = true;
            view.files = files.iter().map(FileView::of).collect();
        }
    }
    html(StatusCode::OK, &view)
}

impl FileView {
    fn of(file: &FileRead) -> FileView {
        let about = match (file.kind, file.refused) {
            (Some(kind), 0) => format!("{kind}, {} rows", file.rows),
            (Some(kind), refused) => format!("{kind}, {} rows, {refused} refused", file.rows),
            (None, _) => format!("left aside: {}", file.because),
        };
        FileView { name: file.name.clone(), about }
    }
}

/// The page itself, as `baton review` writes it: it asks nothing of any server.
async fn page(guest: Guest, Path(id): Path<Uuid>) -> Result<Response, Fault> {
    let State::Done(done) = guest.find(id)?.state() else {
        return Err(Fault::NotFound("This review is not done.".into()));
    };
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        done.style
    );
    let policy =
        HeaderValue::from_str(&policy).map_err(|error| Fault::Broken(error.to_string()))?;
    Ok(([(header::CONTENT_SECURITY_POLICY, policy)], Html(done.page.clone())).into_response())
}

/// Makes the files imports of the company.
async fn keep(guest: Guest, Path(id): Path<Uuid>) -> Result<Response, Fault> {
    let review = guest.find(id)?;
    let next = format!("/review/{id}");
    let Some(visitor) = guest.visitor else { return Err(Fault::SignIn { next }) };
    let context = visitor.context(Action::Import)?;
    if !matches!(review.state(), State::Done(_)) {
        return Err(Fault::input("the review is not done: wait for it"));
    }
    review.set(State::UnderWay("importing the files".to_owned()));
    let shared = guest.shared.clone();
    tokio::spawn(async move {
        let (telling, work) = (review.clone(), review.folder.0.join("work"));
        let verb = async move |context: &Context| {
            std::fs::create_dir_all(&work).map_err(app::error::Error::folder(&work))?;
            let progress = |doing: &str| telling.set(State::UnderWay(doing.to_owned()));
            review::keep(context, &telling.files, &work, &progress).await
        };
        review.set(match shared.run(context, verb).await {
            Ok(files) => {
                // What they said is in the store.
                let _ = tokio::fs::remove_dir_all(&review.folder.0).await;
                State::Kept(Arc::new(files))
            }
            Err(fault) => State::Failed(fault.detail()),
        });
    });
    Ok(Redirect::to(&next).into_response())
}

/// Throws a review away.
async fn end(guest: Guest, Path(id): Path<Uuid>) -> Result<Response, Fault> {
    guest.find(id)?;
    guest.shared.reviews.forget(id);
    Ok(Redirect::to("/review").into_response())
}

impl Reviews {
    fn remember(&self, id: Uuid, review: Arc<Review>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REVIEWS_MAX {
            known.pop_first();
        }
        known.insert(id, review);
    }

    fn forget(&self, id: Uuid) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

impl Review {
    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// The digest by which a content policy knows the page's one style element.
fn digest_of_style(page: &str) -> String {
    let style = page.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
    BASE64_STANDARD.encode(Sha256::digest(style.map_or("", |(style, _)| style)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_lead_nowhere() {
        for (name, kept) in [
            ("deals.csv", "deals.csv"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\Ada\\Übersicht (2).xlsx", "Übersicht (2).xlsx"),
            ("..", "file.csv"),
            (".hidden.csv", "hidden.csv"),
            ("a\0b|c.csv", "a_b_c.csv"),
        ] {
            assert_eq!(harmless(name), kept);
        }
        assert_eq!(harmless(&format!("{}.csv", "x".repeat(300))).len(), NAME_LETTERS_MAX);
    }
}
