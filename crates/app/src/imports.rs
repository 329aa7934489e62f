//! Importing files: from rows to observations, from observations to journal entries.
//!
//! Each chunk of rows is one transaction. Nothing is lost when a run is cut short: reading the
//! same file again finds what is there already and goes on.

mod ahead;
pub mod amendment;
pub mod chunk;
pub mod directory;
pub mod findings;
pub mod looks;
pub mod mapping;
mod restage;
pub mod snapshot;
pub mod touches;
pub mod undo;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use domain::kind::Kind;
use domain::stage::{Outcome, Stages};
use domain::time::end_of_day;
use intake::Assumptions;
use intake::preview::{Preview, StageFound};
use intake::refusal::Reject;
use intake::rejects::RejectsWriter;
use jiff::Timestamp;
use jiff::civil::Date;
use reports::imports::{Import, StageSeen};
use sha2::{Digest, Sha256};
use store::import::{Coverage, RowCounts, Status};
use uuid::Uuid;

use crate::context::{Context, file_name};
use crate::error::Error;
use crate::sealing::Sealer;
use ahead::Ahead;
use chunk::{Chunk, Effect, Written};
use directory::Directory;
use findings::Findings;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Order {
    pub file: PathBuf,
    /// What the file is called where it came from, if not as here.
    pub name: Option<String>,
    pub kind: Kind,
    pub mapping: Option<PathBuf>,
    pub save_mapping: Option<PathBuf>,
    pub dry_run: bool,
    pub strict: bool,
    pub observed_at: Option<Date>,
    /// Whether what is missing from the file was deleted at its source.
    pub snapshot: bool,
}

impl Order {
    /// What the file is called.
    fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| file_name(&self.file))
    }
}

/// What a front end may do while an import runs.
pub struct Watch<'a> {
    /// Shown the stages of the file once it is understood and before anything is written; `false`
    /// calls it off.
    pub confirm: &'a dyn Fn(&[StageSeen]) -> bool,
    /// Told how far the file is read: bytes read, bytes in all, rows read.
    pub progress: &'a dyn Fn(u64, u64, u64),
}

/// Imports a file.
///
/// # Errors
/// When the file cannot be read, when a column or stage has two readings and the mapping does not
/// say which, with `strict` when a row is refused or something is found. Rows that are refused go
/// to the rejects file; they are no error.
pub async fn import(context: &Context, order: &Order, watch: &Watch<'_>) -> Result<Import, Error> {
    let mut sealer = Sealer::default();
    let report = import_unsealed(context, order, watch, &mut sealer).await?;
    if !order.dry_run {
        sealer.finish(context).await?;
    }
    Ok(report)
}

/// As [`import`], one of several: what it leaves to the sealer comes into the lake with the rest.
pub async fn import_unsealed(
    context: &Context,
    order: &Order,
    watch: &Watch<'_>,
    sealer: &mut Sealer,
) -> Result<Import, Error> {
    let assumptions = Assumptions {
        currency: context.company.currency,
        timezone: context.company.timezone.clone(),
        now: context.now,
    };
    let preview = mapping::preview(context, order, &assumptions).await?;
    let stages = mapping::stages(context, order.kind, &preview, order.mapping.is_some()).await?;
    if !(watch.confirm)(&stages_seen(&preview, &stages)) {
        return Err(Error::Input("called off: nothing was written".to_owned()));
    }
    let observed_at = observed_at(context, order, &preview)?;
    let mut run = Run {
        context,
        order,
        preview: &preview,
        assumptions: &assumptions,
        stages,
        observed_at,
        import_id: context.new_id(),
        counts: RowCounts::default(),
        findings: Findings::default(),
        rejects: None,
        first_reject: None,
        statements: Vec::new(),
        writes: false,
        content_sha256: String::new(),
    };
    if order.strict {
        run.rehearse(watch).await?;
    }
    run.go(watch, sealer, order.dry_run).await?;
    run.report()
}

/// The imports that were made, the latest first.
pub async fn list(context: &Context) -> Result<reports::imports::Imports, Error> {
    let mut imports = context.store.imports().await?;
    imports.sort_by_key(|import| std::cmp::Reverse((import.recorded_at, import.id)));
    let listed = |import: store::import::Import| reports::imports::Listed {
        import_id: import.id.to_string(),
        kind: import.kind.name(),
        file: import.file_name,
        observed_at: import.observed_at,
        recorded_at: import.recorded_at,
        rows: import.counts.read,
        is_undone: import.status == Status::Undone,
    };
    Ok(reports::imports::Imports { imports: imports.into_iter().map(listed).collect() })
}

/// Where the rows are that an import refused, to be mended and imported again.
///
/// # Errors
/// When it refused none, or there is no such import.
pub fn refused_rows(context: &Context, import_id: Uuid) -> Result<PathBuf, Error> {
    let path = rejects_path(context, import_id);
    let none = || Error::Input(format!("the import {import_id} has refused no row"));
    if path.is_file() { Ok(path) } else { Err(none()) }
}

fn rejects_path(context: &Context, import_id: Uuid) -> PathBuf {
    context.path("rejects").join(format!("{import_id}.csv"))
}

/// One import under way.
struct Run<'a> {
    context: &'a Context,
    order: &'a Order,
    preview: &'a Preview,
    assumptions: &'a Assumptions,
    stages: Stages,
    observed_at: Timestamp,
    import_id: Uuid,
    counts: RowCounts,
    findings: Findings,
    rejects: Option<RejectsFile>,
    /// Where and why the first row was refused.
    first_reject: Option<String>,
    /// What there is to say beside what the preview says.
    statements: Vec<String>,
    /// Whether this pass writes anything.
    writes: bool,
    /// Of the file, once the import has begun.
    content_sha256: String,
}

struct RejectsFile {
    path: PathBuf,
    writer: RejectsWriter<File>,
}

impl Run<'_> {
    /// Goes through the whole file without writing, and refuses it if anything is wrong.
    async fn rehearse(&mut self, watch: &Watch<'_>) -> Result<(), Error> {
        self.go(watch, &mut Sealer::default(), true).await?;
        if self.counts.rejected > 0 {
            let (rejected, first) = (self.counts.rejected, self.first_reject.take());
            return Err(Error::Strict(format!(
                "refused rows, and {rejected} were refused: {}",
                first.unwrap_or_default()
            )));
        }
        if let Some(finding) = self.findings.list().first() {
            return Err(Error::Strict(format!("findings, and {} was found", finding.rule)));
        }
        self.counts = RowCounts::default();
        self.statements.clear();
        self.findings = Findings::default();
        Ok(())
    }

    async fn go(
        &mut self,
        watch: &Watch<'_>,
        sealer: &mut Sealer,
        dry_run: bool,
    ) -> Result<(), Error> {
        self.writes = !dry_run;
        if !dry_run {
            self.begin().await?;
        }
        if self.order.kind == Kind::Touches {
            touches::read(self, watch, dry_run).await?;
        } else {
            self.read_rows(watch, sealer, dry_run).await?;
        }
        if dry_run { Ok(()) } else { self.end().await }
    }

    async fn read_rows(
        &mut self,
        watch: &Watch<'_>,
        sealer: &mut Sealer,
        dry_run: bool,
    ) -> Result<(), Error> {
        let snapshots = snapshot::others(self.context, self.order.kind, self.import_id).await?;
        let stages = self.stages.clone();
        let chunk = Chunk {
            context: self.context,
            kind: self.order.kind,
            stages: &stages,
            observed_at: self.observed_at,
            snapshots: &snapshots,
            import_id: self.import_id,
            reason: format!("import of {}", self.order.name()),
        };
        let mut directory = Directory::default();
        let mut seen = snapshot::Seen::default();
        let mut ahead = Ahead::of(self.order, &self.preview.mapping, self.assumptions)?;
        while let Some(read) = ahead.next().await? {
            for reject in &read.rejects {
                self.reject(&ahead.headers, reject)?;
            }
            self.counts.read += (read.rows.len() + read.rejects.len()) as u64;
            // The lake gets what was written before while the store gets what comes next.
            let written = chunk.write(read.rows, &mut directory, &mut self.findings, dry_run);
            let (written, relieved) = tokio::join!(written, sealer.relieve(self.context));
            relieved?;
            let Written { effects, batch } = written?;
            batch.into_iter().for_each(|batch| sealer.add(batch));
            for (subject, effect) in effects {
                seen.add(subject);
                self.count(effect);
            }
            (watch.progress)(read.bytes_read, read.bytes_total, self.counts.read);
        }
        self.note_ignored(ahead.finish()?);
        self.delete_missing(&chunk, &seen, dry_run).await
    }

    /// Marks what a complete export lacks as deleted.
    async fn delete_missing(
        &mut self,
        chunk: &Chunk<'_>,
        seen: &snapshot::Seen,
        dry_run: bool,
    ) -> Result<(), Error> {
        if !self.order.snapshot {
            return Ok(());
        }
        if self.counts.rejected > 0 || self.counts.read == 0 {
            self.statements.push(
                "Nothing is taken as deleted: rows were refused, or there were none.".to_owned(),
            );
        } else {
            self.counts.updated += seen.delete_missing(chunk, dry_run).await?;
        }
        Ok(())
    }

    /// Counts rows of a history of properties that tell of none that is kept here.
    fn note_ignored(&mut self, ignored: u64) {
        if ignored > 0 {
            self.counts.read += ignored;
            self.counts.unchanged += ignored;
            self.statements.push(format!("{ignored} rows tell of properties that are not kept."));
        }
    }

    fn reject(&mut self, headers: &[String], reject: &Reject) -> Result<(), Error> {
        self.counts.rejected += 1;
        self.write_reject(headers, reject)
    }

    /// Adds a row to the rejects file, which is made with the first one.
    fn write_reject(&mut self, headers: &[String], reject: &Reject) -> Result<(), Error> {
        if self.first_reject.is_none() {
            let column = reject.column.as_deref().unwrap_or("the row");
            let Reject { line, value, reason, .. } = reject;
            self.first_reject = Some(format!("line {line}, {column} `{value}`: {reason}"));
        }
        if !self.writes {
            return Ok(());
        }
        let path = rejects_path(self.context, self.import_id);
        let file = match &mut self.rejects {
            Some(file) => file,
            None => {
                let folder = self.context.path("rejects");
                std::fs::create_dir_all(&folder).map_err(Error::folder(&folder))?;
                let created = File::create(&path).map_err(Error::folder(&path))?;
                let file = self.order.name();
                let writer =
                    RejectsWriter::new(created, file, headers).map_err(Error::folder(&path))?;
                self.rejects.insert(RejectsFile { path, writer })
            }
        };
        file.writer.write(reject).map_err(Error::folder(&file.path))
    }

    fn count(&mut self, effect: Effect) {
        match effect {
            Effect::New => self.counts.new += 1,
            Effect::Updated => self.counts.updated += 1,
            Effect::Unchanged => self.counts.unchanged += 1,
        }
    }

    /// Writes down that the import runs, and what its preview settled.
    async fn begin(&mut self) -> Result<(), Error> {
        self.content_sha256 = digest_of(&self.order.file)?;
        let import = self.import_row();
        let author = self.context.author(format!("import of {}", import.file_name));
        let (kind, stages) = (self.order.kind.subject(), &self.stages);
        let changed = kind.has_stages() && self.context.stages(kind).await? != *stages;
        let fingerprint = mapping::fingerprint(&self.preview.headers);
        let mut mapping = self.preview.mapping.clone();
        if self.order.mapping.is_none() {
            // Stages are the company's; each file tells anew what it knows of them.
            mapping.stages.clear();
            mapping.entry_stage = None;
        }
        let toml = mapping.to_toml();
        self.context
            .store
            .write(author, async |tx: &mut store::Tx| {
                if changed {
                    tx.set_stages(kind, stages).await?;
                }
                tx.save_mapping(self.order.kind, &fingerprint, &toml).await?;
                tx.put_import(&import).await?;
                Ok::<(), Error>(())
            })
            .await?;
        if changed { restage::restage(self.context, kind, stages).await } else { Ok(()) }
    }

    async fn end(&self) -> Result<(), Error> {
        let import = self.import_row();
        let author = self.context.author(format!("import of {}", import.file_name));
        let store = &self.context.store;
        store
            .write(author, async |tx: &mut store::Tx| {
                Ok::<(), Error>(tx.put_import(&import).await?)
            })
            .await
    }

    fn import_row(&self) -> store::import::Import {
        let coverage = if self.order.snapshot { Coverage::Snapshot } else { Coverage::Partial };
        store::import::Import {
            id: self.import_id,
            kind: self.order.kind,
            file_name: self.order.name(),
            content_sha256: self.content_sha256.clone(),
            observed_at: self.observed_at,
            coverage,
            actor: self.context.actor.clone(),
            recorded_at: self.context.now,
            counts: self.counts,
            status: Status::Done,
        }
    }

    fn report(self) -> Result<Import, Error> {
        let mapping = &self.preview.mapping;
        if let Some(path) = &self.order.save_mapping {
            std::fs::write(path, mapping.to_toml()).map_err(Error::folder(path))?;
        }
        let columns = mapping
            .columns
            .iter()
            .map(|(header, target)| (header.clone(), target.to_string()))
            .collect();
        Ok(Import {
            import_id: self.import_id.to_string(),
            kind: self.order.kind.name().to_owned(),
            file: self.order.name(),
            dry_run: self.order.dry_run,
            observed_at: self.observed_at.to_string(),
            rows_read: self.counts.read,
            rows_new: self.counts.new,
            rows_updated: self.counts.updated,
            rows_unchanged: self.counts.unchanged,
            rows_rejected: self.counts.rejected,
            rejects_file: self.rejects.as_ref().map(|file| file.path.display().to_string()),
            findings: self.findings.list(),
            statements: [self.preview.statements.clone(), self.statements].concat(),
            columns,
            first_reject: self.first_reject.clone(),
            stages: stages_seen(self.preview, &self.stages),
            seconds: 0.0,
        })
    }
}

/// The stages of a file, and what each means.
fn stages_seen(preview: &Preview, stages: &Stages) -> Vec<StageSeen> {
    let seen = |found: &StageFound| StageSeen {
        name: found.name.clone(),
        outcome: stages.outcome(&found.name).or(found.outcome).unwrap_or(Outcome::Open).name(),
        rows: found.rows,
    };
    preview.stages.iter().map(seen).collect()
}

/// When the export was taken: as said, else the latest moment that the file itself tells of, else
/// now.
fn observed_at(context: &Context, order: &Order, preview: &Preview) -> Result<Timestamp, Error> {
    if order.observed_at.is_some_and(|day| day > context.today()) {
        return Err(Error::Input("--observed-at lies in the future: say when it was taken".into()));
    }
    let told = order.observed_at.map(|day| end_of_day(day, &context.company.timezone));
    Ok(told.or(preview.observed_at_guess).unwrap_or(context.now).min(context.now))
}

fn digest_of(path: &Path) -> Result<String, Error> {
    let file = File::open(path).map_err(Error::folder(path))?;
    let mut hasher = Sha256::new();
    let mut reader = BufReader::with_capacity(1 << 20, file);
    loop {
        let bytes = reader.fill_buf().map_err(Error::folder(path))?;
        if bytes.is_empty() {
            break;
        }
        hasher.update(bytes);
        let read = bytes.len();
        reader.consume(read);
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
