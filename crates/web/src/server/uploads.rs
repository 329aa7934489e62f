//! Importing in the browser: a file comes in, what is detected is shown, and it is read on a word.
//!
//! A file waits in the data folder's `uploads` until it is imported or thrown away. Reading goes on
//! when the page is left.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use app::context::Context;
use app::error::Error;
use app::imports::{self, Order, Watch};
use askama::Template;
use axum::Form;
use axum::Router;
use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, Multipart, Path};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::kind::Kind;
use futures::Stream;
use reports::document::Report;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use super::asked::{Asked, Page};
use super::fault::Fault;
use super::frame::{Frame, html, sentence};
use super::policy::Action;
use super::shared::Shared;
use super::visitor::Visitor;
use crate::table::TableView;

/// Bytes that a file may have.
pub(super) const FILE_BYTES_MAX: usize = 2 << 30;
/// Files that are remembered; the oldest one makes room.
const UPLOADS_MAX: usize = 50;
/// The folder in the data folder.
const FOLDER: &str = "uploads";
/// Bytes of a file that are in memory while it is downloaded.
const CHUNK_BYTES: usize = 64 * 1024;

pub(super) fn routes() -> Router<Arc<Shared>> {
    let receive = post(receive).layer(DefaultBodyLimit::max(FILE_BYTES_MAX));
    Router::new()
        .route("/uploads", receive)
        .route("/uploads/{id}", get(page).post(go_on))
        .route("/imports/undo", post(undo))
        .route("/imports/{id}/refused.csv", get(refused))
}

/// The files that came in, by id.
#[derive(Default)]
pub(super) struct Uploads {
    known: Mutex<BTreeMap<Uuid, Arc<Upload>>>,
}

struct Upload {
    path: PathBuf,
    /// Under the name that it had where it came from.
    name: String,
    kind: Kind,
    read: AtomicU64,
    total: AtomicU64,
    state: Mutex<State>,
}

#[derive(Clone)]
enum State {
    /// Being looked at, with nothing written.
    Looking,
    /// What was detected, or why the file cannot be understood as it is.
    Looked(Arc<Result<reports::imports::Import, String>>),
    Importing,
    Imported(Arc<reports::imports::Import>),
    Failed(String),
}

#[derive(Template)]
#[template(path = "server/upload.html")]
struct UploadView {
    frame: Frame,
    answer: String,
    tables: Vec<TableView>,
    notes: Vec<String>,
    /// Whether the page asks again by itself.
    is_under_way: bool,
    percent: u64,
    may_import: bool,
    may_map: bool,
    is_done: bool,
    /// Where the rows are that were refused, once the others are in.
    refused: Option<String>,
}

#[derive(Deserialize)]
struct GoOn {
    #[serde(default)]
    mapping: String,
    /// `look` or `import`
    step: String,
}

#[derive(Deserialize)]
struct Undo {
    import_id: String,
}

async fn receive(visitor: Visitor, mut form: Multipart) -> Result<Response, Fault> {
    let context = visitor.context(Action::Import)?;
    let id = context.new_id();
    let folder = context.path(FOLDER);
    let (mut kind, mut file) = (None, None);
    while let Some(field) = form.next_field().await.map_err(unread)? {
        match field.name() {
            Some("kind") => kind = Some(field.text().await.map_err(unread)?),
            Some("file") => {
                let name = field.file_name().unwrap_or_default();
                let name = name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
                file = Some((saved(field, &folder, id, &name).await?, name));
            }
            _ => {}
        }
    }
    let (path, name) = file.ok_or_else(|| Fault::input("choose a file"))?;
    let kind = kind.unwrap_or_default().parse::<Kind>().map_err(|e| Fault::input(e.to_string()))?;
    let upload = Arc::new(Upload {
        path,
        name,
        kind,
        read: AtomicU64::new(0),
        total: AtomicU64::new(0),
        state: Mutex::new(State::Looking),
    });
    visitor.shared.uploads.remember(id, upload.clone());
    look(&visitor, context, upload);
    Ok(Redirect::to(&format!("/uploads/{id}")).into_response())
}

pub(super) fn unread(error: MultipartError) -> Fault {
    Fault::input(format!("the file did not come whole: {}", error.body_text()))
}

/// Writes a file as it comes in, under a name of ours with the ending of its own.
async fn saved(
    mut field: Field<'_>,
    folder: &std::path::Path,
    id: Uuid,
    name: &str,
) -> Result<PathBuf, Fault> {
    let broken = |error: std::io::Error| Fault::Broken(format!("an upload: {error}"));
    if name.is_empty() {
        return Err(Fault::input("choose a file"));
    }
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    let known =
        ending.filter(|ending| ["csv", "tsv", "txt", "xlsx", "parquet"].contains(&ending.as_str()));
    let path = folder.join(format!("{id}.{}", known.as_deref().unwrap_or("csv")));
    tokio::fs::create_dir_all(folder).await.map_err(broken)?;
    let mut file = tokio::fs::File::create_new(&path).await.map_err(broken)?;
    while let Some(bytes) = field.chunk().await.map_err(unread)? {
        file.write_all(&bytes).await.map_err(broken)?;
    }
    file.flush().await.map_err(broken)?;
    Ok(path)
}

fn look(visitor: &Visitor, context: Context, upload: Arc<Upload>) {
    upload.set(State::Looking);
    run(visitor, context, upload, true);
}

/// Reads the file aside; the page is asked how far it is.
fn run(visitor: &Visitor, context: Context, upload: Arc<Upload>, dry_run: bool) {
    let shared = visitor.shared.clone();
    tokio::spawn(async move {
        let reading = upload.clone();
        let verb = async move |context: &Context| read(context, &reading, dry_run).await;
        let done = shared.run(context, verb).await;
        upload.set(match (done, dry_run) {
            (Ok(import), true) => State::Looked(Arc::new(Ok(import))),
            (Ok(import), false) => {
                upload.throw_away();
                State::Imported(Arc::new(import))
            }
            (Err(fault), true) => State::Looked(Arc::new(Err(fault.detail()))),
            (Err(fault), false) => State::Failed(fault.detail()),
        });
    });
}

async fn read(
    context: &Context,
    upload: &Upload,
    dry_run: bool,
) -> Result<reports::imports::Import, Error> {
    let mapping = upload.mapping();
    let order = Order {
        file: upload.path.clone(),
        name: Some(upload.name.clone()),
        kind: upload.kind,
        mapping: mapping.is_file().then_some(mapping),
        save_mapping: None,
        dry_run,
        strict: false,
        observed_at: None,
        snapshot: false,
    };
    let progress = |read: u64, total: u64, _rows: u64| {
        upload.read.store(read, Ordering::Relaxed);
        upload.total.store(total, Ordering::Relaxed);
    };
    let watch = Watch { confirm: &|_| true, progress: &progress };
    imports::import(context, &order, &watch).await
}

async fn page(visitor: Visitor, Path(id): Path<Uuid>) -> Result<Response, Fault> {
    visitor.check(Action::Import)?;
    let upload = visitor.shared.uploads.find(id)?;
    let path = format!("/uploads/{id}");
    let frame = Frame::new(&visitor, "Import", &path, Some(Page::Quality), &Asked::default());
    html(StatusCode::OK, &upload.view(frame))
}

async fn go_on(
    visitor: Visitor,
    Path(id): Path<Uuid>,
    Form(form): Form<GoOn>,
) -> Result<Response, Fault> {
    let context = visitor.context(Action::Import)?;
    let upload = visitor.shared.uploads.find(id)?;
    if upload.is_under_way() {
        return Err(Fault::input("the file is being read: wait for it"));
    }
    match form.step.as_str() {
        "look" => {
            let broken = |error: std::io::Error| Fault::Broken(format!("a mapping: {error}"));
            tokio::fs::write(upload.mapping(), &form.mapping).await.map_err(broken)?;
            look(&visitor, context, upload);
        }
        "import" if upload.is_understood() => {
            upload.set(State::Importing);
            run(&visitor, context, upload, false);
        }
        _ => return Err(Fault::input("look at the file first")),
    }
    Ok(Redirect::to(&format!("/uploads/{id}")).into_response())
}

/// The rows that an import refused, as they were, with what is wrong with each.
async fn refused(visitor: Visitor, Path(id): Path<Uuid>) -> Result<Response, Fault> {
    let context = visitor.context(Action::Import)?;
    let absent = |_| Fault::NotFound("That import has refused no row.".into());
    let path = imports::refused_rows(&context, id).map_err(absent)?;
    let broken = |error: std::io::Error| Fault::Broken(format!("refused rows: {error}"));
    let file = tokio::fs::File::open(&path).await.map_err(broken)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"refused rows.csv\""),
    ];
    Ok((headers, Body::from_stream(chunks(file))).into_response())
}

/// A file piece by piece.
fn chunks(file: tokio::fs::File) -> impl Stream<Item = std::io::Result<Vec<u8>>> {
    futures::stream::try_unfold(file, async |mut file| {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        let read = file.read_buf(&mut chunk).await?;
        Ok((read > 0).then_some((chunk, file)))
    })
}

async fn undo(visitor: Visitor, Form(form): Form<Undo>) -> Result<Response, Fault> {
    let context = visitor.context(Action::Import)?;
    let verb = async move |context: &Context| imports::undo::undo(context, &form.import_id).await;
    visitor.shared.run(context, verb).await?;
    Ok(Redirect::to("/imports").into_response())
}

impl Uploads {
    fn remember(&self, id: Uuid, upload: Arc<Upload>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= UPLOADS_MAX
            && let Some((_, oldest)) = known.pop_first()
        {
            oldest.throw_away();
        }
        known.insert(id, upload);
    }

    fn find(&self, id: Uuid) -> Result<Arc<Upload>, Fault> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let absent = || Fault::NotFound("This file is no longer here: send it again.".into());
        known.get(&id).cloned().ok_or_else(absent)
    }
}

impl Upload {
    fn mapping(&self) -> PathBuf {
        self.path.with_extension("mapping.toml")
    }

    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn is_under_way(&self) -> bool {
        matches!(self.state(), State::Looking | State::Importing)
    }

    fn is_understood(&self) -> bool {
        matches!(self.state(), State::Looked(looked) if looked.is_ok())
    }

    /// The file is not kept once it was read: what it said is in the store.
    fn throw_away(&self) {
        for path in [&self.path, &self.mapping()] {
            // What is not there needs no removing, and what cannot be removed is told at the next
            // start of the data folder's owner by its size.
            let _ = std::fs::remove_file(path);
        }
    }

    fn view(&self, frame: Frame) -> UploadView {
        let state = self.state();
        let (read, total) = (self.read.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed));
        let mut view = UploadView {
            frame,
            answer: String::new(),
            tables: Vec::new(),
            notes: Vec::new(),
            is_under_way: self.is_under_way(),
            percent: (read.min(total) * 100).checked_div(total).unwrap_or(0),
            may_import: false,
            may_map: false,
            is_done: matches!(state, State::Imported(_)),
            refused: None,
        };
        match state {
            State::Looking => view.answer = format!("{} is being looked at.", self.name),
            State::Importing => view.answer = format!("{} is being read.", self.name),
            State::Looked(looked) => {
                view.may_map = true;
                match looked.as_ref() {
                    Ok(import) => {
                        view.may_import = true;
                        view.show(import);
                    }
                    Err(why) => view.answer = sentence(why),
                }
            }
            State::Imported(import) => {
                let refused = (import.rows_rejected > 0)
                    .then(|| format!("/imports/{}/refused.csv", import.import_id));
                view.refused = refused;
                view.show(&import);
            }
            State::Failed(why) => view.answer = sentence(&why),
        }
        view
    }
}

impl UploadView {
    fn show(&mut self, import: &reports::imports::Import) {
        // Where the server keeps the refused rows is nothing to the visitor, who downloads them.
        let document = reports::imports::Import { rejects_file: None, ..import.clone() }.document();
        self.answer = document.answer;
        self.tables = document.tables.iter().filter_map(TableView::new).collect();
        self.notes = document.notes;
    }
}
