//! What the allocator does with memory that is not used at the moment.

/// Gives back to the system at once what is freed from now on: 1 GiB of touches then passes through
/// a quarter of that. Otherwise it stays at hand for a while, which spares a verb that builds and
/// drops hundreds of megabytes a fifth of its time.
#[cfg(feature = "jemalloc")]
pub fn give_back_at_once() {
    use tikv_jemalloc_ctl::{Access, AsName};

    // Arenas to come, and the one that this thread has made; it is no matter if neither obeys.
    for name in [&b"arenas.dirty_decay_ms\0"[..], b"arena.0.dirty_decay_ms\0"] {
        let _ = name.name().write(0_isize);
    }
}

#[cfg(not(feature = "jemalloc"))]
pub fn give_back_at_once() {}
