//! The exported files as an importer sees them: what must hold between them, how many rows they
//! have, and whether the truth can be found in them again.

mod invariants;
mod lives;
mod recovery;
mod sizes;
mod world;
mod yardstick;
