//! The tests' shared world: a company in a temporary folder, a clock that stands still, and the
//! real data sets where they are at hand. A dev-dependency only.

use std::path::{Path, PathBuf};

use app::context::{Context, Place, Session};
use app::error::Error;
use app::imports::{Order, Watch, import};
use domain::company::Company;
use domain::kind::Kind;
use domain::money::Currency;
use domain::period::FiscalCalendar;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tempfile::TempDir;

/// A company in a folder that is gone with it.
pub struct TestCompany {
    pub context: Context,
    pub folder: TempDir,
}

/// How a file is imported in a test; the rest is as usual.
#[derive(Clone, Debug, Default)]
pub struct How {
    pub observed_at: Option<Date>,
    pub snapshot: bool,
    pub dry_run: bool,
    pub strict: bool,
    pub mapping: Option<PathBuf>,
}

impl TestCompany {
    /// A company in US dollars and UTC, whose clock stands at noon of 2026-06-01.
    pub async fn new() -> TestCompany {
        TestCompany::with_lake(|_| None).await
    }

    /// The same after files of these kinds were imported, in their order.
    pub async fn told(files: &[(Kind, &str)]) -> TestCompany {
        let company = TestCompany::new().await;
        for (kind, text) in files {
            company.import_text(*kind, text, How::default()).await.expect("is imported");
        }
        company
    }

    /// The same whose lake is at a URL, made of the path of its folder.
    pub async fn with_lake(url: impl FnOnce(&Path) -> Option<String>) -> TestCompany {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let company = Company {
            name: "Test".to_owned(),
            currency: Currency::USD,
            timezone_name: "UTC".to_owned(),
            timezone: TimeZone::UTC,
            calendar: FiscalCalendar::new(1).expect("January is a month"),
        };
        let lake_url = url(folder.path());
        let place = Place { folder: folder.path().join("data"), database_url: None, lake_url };
        let context =
            Context::create(place, &company, session()).await.expect("a company can be made");
        TestCompany { context, folder }
    }

    /// Writes text to a file of the company's folder.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("a file can be written");
        path
    }

    pub async fn import(
        &self,
        path: &Path,
        kind: Kind,
        how: How,
    ) -> Result<reports::imports::Import, Error> {
        import_file(&self.context, path, kind, how).await
    }

    /// Imports text as a file of a kind.
    pub async fn import_text(
        &self,
        kind: Kind,
        text: &str,
        how: How,
    ) -> Result<reports::imports::Import, Error> {
        let name = format!("{kind}-{}.csv", self.context.new_id());
        self.import(&self.file(&name, text), kind, how).await
    }
}

/// Imports a file with nobody watching.
pub async fn import_file(
    context: &Context,
    path: &Path,
    kind: Kind,
    how: How,
) -> Result<reports::imports::Import, Error> {
    let order = Order {
        file: path.to_owned(),
        name: None,
        kind,
        mapping: how.mapping,
        save_mapping: None,
        dry_run: how.dry_run,
        strict: how.strict,
        observed_at: how.observed_at,
        snapshot: how.snapshot,
    };
    let watch = Watch { confirm: &|_| true, progress: &|_, _, _| {} };
    import(context, &order, &watch).await
}

/// A file of the shared data sets, or `None` (said loudly) where they are not at hand.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join("../shared/data").join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not at hand", path.display());
    None
}

fn session() -> Session {
    Session {
        actor: "test".to_owned(),
        now: "2026-06-01T12:00:00Z".parse::<Timestamp>().expect("a time"),
        id_seed: [7; 32],
    }
}
