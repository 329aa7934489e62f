//! What every verb works with: the company's store and lake, the time, and a source of ids.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use domain::access::Scope;
use domain::company::Company;
use domain::kind::Kind;
use domain::stage::Stages;
use domain::time::{AsOf, day_of, end_of_day};
use jiff::Timestamp;
use jiff::civil::Date;
use lake::Lake;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use store::{Author, Location, Store};
use uuid::Uuid;

use crate::error::Error;
use crate::memo::Memos;
use crate::sealing::Step;

/// The environment variables and folder that say where a company's facts live.
#[derive(Clone, Debug)]
pub struct Place {
    pub folder: PathBuf,
    /// A PostgreSQL database in place of the embedded one.
    pub database_url: Option<String>,
    /// An object store in place of the folder's `lake`.
    pub lake_url: Option<String>,
}

/// One company at work. `now` is the moment of the command; nothing below reads a clock.
pub struct Context {
    pub folder: PathBuf,
    pub store: Store,
    pub lake: Lake,
    pub company: Company,
    pub actor: String,
    pub now: Timestamp,
    /// Whose records the verbs may see.
    pub scope: Scope,
    /// Told of each step of sealing. A test ends the process there.
    pub after: fn(Step),
    /// What was computed before, for whoever asks again.
    pub memos: Arc<Memos>,
    ids: Arc<Ids>,
}

/// What comes from outside with every command: who, when, and randomness for ids.
#[derive(Clone, Debug)]
pub struct Session {
    pub actor: String,
    pub now: Timestamp,
    pub id_seed: [u8; 32],
}

impl Context {
    /// Makes the data folder of a company.
    ///
    /// # Errors
    /// When a company is there already, or the folder or database cannot be written.
    pub async fn create(place: Place, company: &Company, session: Session) -> Result<Self, Error> {
        std::fs::create_dir_all(&place.folder).map_err(Error::folder(&place.folder))?;
        let store = Store::create(&location(&place), company, founding(&session)).await?;
        let lake = lake(&place)?;
        Context::with(place.folder, (store, lake), session).await
    }

    /// Opens the data folder of a company.
    ///
    /// # Errors
    /// When no company is there yet.
    pub async fn open(place: Place, session: Session) -> Result<Self, Error> {
        let store = Store::open(&location(&place)).await?;
        let lake = lake(&place)?;
        Context::with(place.folder, (store, lake), session).await
    }

    /// A company for the time of one command, in an empty folder that nobody keeps: nothing is
    /// synced to disk.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub async fn scratch(
        folder: PathBuf,
        company: &Company,
        session: Session,
    ) -> Result<Self, Error> {
        let location = Location::Scratch(folder.clone());
        let store = Store::create(&location, company, founding(&session)).await?;
        let lake = Lake::scratch(&folder.join("lake").to_string_lossy())?;
        Context::with(folder, (store, lake), session).await
    }

    async fn with(
        folder: PathBuf,
        (store, lake): (Store, Lake),
        session: Session,
    ) -> Result<Self, Error> {
        Ok(Context {
            company: store.company().await?,
            folder,
            store,
            lake,
            actor: session.actor,
            now: session.now,
            scope: Scope::All,
            after: |_| {},
            memos: Arc::default(),
            ids: Arc::new(Ids::new(session.id_seed)),
        })
    }

    /// The same company for another command of another person: nothing is opened anew, and ids go
    /// on counting up.
    pub fn renewed(&self, actor: &str, now: Timestamp, scope: Scope) -> Context {
        Context {
            folder: self.folder.clone(),
            store: self.store.clone(),
            lake: self.lake.clone(),
            company: self.company.clone(),
            actor: actor.to_owned(),
            now,
            scope,
            after: self.after,
            memos: self.memos.clone(),
            ids: self.ids.clone(),
        }
    }

    pub fn author(&self, reason: impl Into<String>) -> Author {
        Author { actor: self.actor.clone(), reason: reason.into(), at: self.now }
    }

    pub fn new_id(&self) -> Uuid {
        self.ids.next(self.now)
    }

    pub fn today(&self) -> Date {
        day_of(self.now, &self.company.timezone)
    }

    /// The as-of pair of two days: each is meant to its end, and left out it means now.
    pub fn as_of(&self, as_of: Option<Date>, known_at: Option<Date>) -> AsOf {
        let end =
            |day: Option<Date>| day.map_or(self.now, |day| end_of_day(day, &self.company.timezone));
        AsOf { effective_at: end(as_of), known_at: end(known_at) }
    }

    /// The day on which an as-of pair stands.
    pub fn day(&self, as_of: AsOf) -> Date {
        day_of(as_of.effective_at, &self.company.timezone)
    }

    pub async fn stages(&self, kind: Kind) -> Result<Stages, Error> {
        Ok(self.store.stages(kind.subject()).await?)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Ids in the order of time (UUIDv7), from injected randomness. Within a millisecond they count
/// up: of two journal entries for one slot the later one holds, and its id says which that is.
struct Ids {
    random: Mutex<(ChaCha20Rng, u64)>,
}

impl Ids {
    fn new(seed: [u8; 32]) -> Ids {
        let mut random = ChaCha20Rng::from_seed(seed);
        // It starts anywhere in the lower half of its range, so that no two processes count alike.
        let start = u64::from(random.next_u32());
        Ids { random: Mutex::new((random, start)) }
    }

    fn next(&self, now: Timestamp) -> Uuid {
        let mut state = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let (random, count) = &mut *state;
        let mut bytes = [0; 10];
        random.fill_bytes(&mut bytes[6..]);
        *count += 1;
        // 42 bits of the count, around the 4 bits of the version and the 2 of the variant.
        let high = u16::try_from((*count >> 30) & 0xfff).unwrap_or(0);
        let low = u32::try_from(*count & 0x3fff_ffff).unwrap_or(0);
        bytes[..2].copy_from_slice(&high.to_be_bytes());
        bytes[2..6].copy_from_slice(&low.to_be_bytes());
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }
}

fn founding(session: &Session) -> Author {
    Author {
        actor: session.actor.clone(),
        reason: "the company begins to use Baton".to_owned(),
        at: session.now,
    }
}

fn lake(place: &Place) -> Result<Lake, Error> {
    Ok(match &place.lake_url {
        Some(url) => Lake::open(url)?,
        None => Lake::open(&place.folder.join("lake").to_string_lossy())?,
    })
}

fn location(place: &Place) -> Location {
    match &place.database_url {
        Some(url) => Location::Url(url.clone()),
        None => Location::Folder(place.folder.clone()),
    }
}

/// The name of a path's file, for reports: never the folders that lead to it.
pub fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_moment_count_up() {
        let ids = Ids::new([7; 32]);
        let made: Vec<Uuid> = (0..1_000).map(|_| ids.next(Timestamp::UNIX_EPOCH)).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(made.iter().all(|id| id.get_version_num() == 7));
    }
}
