//! The buffer: what was acknowledged is there, whatever became of the rest.

use std::path::PathBuf;

use super::*;

const BYTES_MAX: u64 = 1 << 20;

fn record(number: u128) -> Record {
    Record { key: number << 64 | 7, bytes: format!("record {number}").repeat(3).into_bytes() }
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Everything that a folder holds, in order.
fn all(folder: &Path) -> Vec<Record> {
    let ids = segments(folder).expect("are listed");
    let contents = ids.into_iter().map(|id| segment::read(&segment::path(folder, id)));
    contents.flat_map(|contents| contents.expect("is read").records).collect()
}

#[tokio::test]
async fn what_was_appended_is_there_for_who_opens_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let buffer = Buffer::open(folder.path(), BYTES_MAX).unwrap();
    assert!(!buffer.holds(record(1).key));
    buffer.append(&[record(1), record(2)], id(1)).await.unwrap();
    buffer.append(&[record(3)], id(2)).await.unwrap();
    assert!(buffer.holds(record(1).key) && buffer.holds(record(3).key));
    assert_eq!(segments(folder.path()).unwrap(), [id(1)], "one segment is appended to");
    buffer.rotate().await.unwrap();
    buffer.append(&[record(4)], id(3)).await.unwrap();
    let bytes = buffer.bytes();
    drop(buffer);
    let again = Buffer::open(folder.path(), BYTES_MAX).unwrap();
    assert_eq!(again.bytes(), bytes);
    assert!((1..=4).all(|number| again.holds(record(number).key)));
    assert_eq!(all(folder.path()), (1..=4).map(record).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_segment_is_claimed_by_one_and_not_while_it_is_appended_to() {
    let folder = tempfile::tempdir().unwrap();
    let buffer = Buffer::open(folder.path(), BYTES_MAX).unwrap();
    buffer.append(&[record(1)], id(1)).await.unwrap();
    assert!(claim(folder.path(), id(1)).unwrap().is_none(), "it is appended to");
    assert!(claim(folder.path(), id(9)).unwrap().is_none(), "there is none");
    buffer.rotate().await.unwrap();
    let claimed = claim(folder.path(), id(1)).unwrap().expect("is free");
    assert!(claim(folder.path(), id(1)).unwrap().is_none(), "somebody has it");
    assert_eq!(claimed.read().unwrap().records, [record(1)]);
    claimed.remove().unwrap();
    buffer.forget_removed(folder.path()).unwrap();
    assert!(!buffer.holds(record(1).key));
    assert_eq!((buffer.bytes(), segments(folder.path()).unwrap().len()), (0, 0));
    buffer.rotate().await.unwrap();
    buffer.append(&[record(2)], id(2)).await.unwrap();
    assert_eq!(all(folder.path()), [record(2)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_append_at_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let buffer = Arc::new(Buffer::open(folder.path(), BYTES_MAX).unwrap());
    let append = |sender: u128| {
        let buffer = buffer.clone();
        tokio::spawn(async move {
            for number in 0..20 {
                let number = sender * 20 + number;
                buffer.append(&[record(number)], id(number + 1)).await.unwrap();
                if number.is_multiple_of(7) {
                    buffer.rotate().await.unwrap();
                }
            }
        })
    };
    let senders: Vec<_> = (0..8).map(append).collect();
    for sender in senders {
        sender.await.unwrap();
    }
    let mut found = all(folder.path());
    found.sort_by_key(|record| record.key);
    assert_eq!(found, (0..160).map(record).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_full_buffer_says_so_and_takes_more_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let buffer = Buffer::open(folder.path(), 200).unwrap();
    buffer.append(&[record(1)], id(1)).await.unwrap();
    let long = Record { key: 9, bytes: vec![1; 300] };
    let full = buffer.append(&[long], id(2)).await.unwrap_err();
    assert!(matches!(full, BufferError::Full(_)), "{full}");
    buffer.append(&[record(2)], id(2)).await.unwrap();
    let endless = Record { key: 9, bytes: vec![1; (1 << 20) + 1] };
    let refused = buffer.append(&[endless], id(3)).await.unwrap_err();
    assert!(matches!(refused, BufferError::TooLong(_)), "{refused}");
    buffer.rotate().await.unwrap();
    claim(folder.path(), id(1)).unwrap().expect("is free").remove().unwrap();
    buffer.forget_removed(folder.path()).unwrap();
    assert_eq!(buffer.bytes(), 0);
}

#[tokio::test]
async fn a_disk_that_refuses_promises_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("buffer");
    let buffer = Buffer::open(&inner, BYTES_MAX).unwrap();
    std::fs::remove_dir_all(&inner).unwrap();
    let refused = buffer.append(&[record(1)], id(1)).await.unwrap_err();
    assert!(matches!(refused, BufferError::File { .. }), "{refused}");
    assert!(!buffer.holds(record(1).key));
    assert_eq!(buffer.bytes(), 0);
    std::fs::create_dir(&inner).unwrap();
    buffer.append(&[record(1)], id(2)).await.unwrap();
    assert_eq!(all(&inner), [record(1)]);
}

/// A segment of ten records, and where each ends.
async fn ten(folder: &Path) -> (PathBuf, Vec<usize>) {
    let buffer = Buffer::open(folder, BYTES_MAX).unwrap();
    let mut ends = Vec::new();
    for number in 0..10 {
        buffer.append(&[record(number)], id(1)).await.unwrap();
        ends.push(usize::try_from(buffer.bytes()).unwrap());
    }
    (segment::path(folder, id(1)), ends)
}

#[tokio::test]
async fn a_torn_end_costs_nothing_that_was_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (path, ends) = ten(folder.path()).await;
    let whole = std::fs::read(&path).unwrap();
    for length in 0..=whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let contents = segment::read(&path).unwrap();
        let kept = ends.iter().filter(|end| **end <= length).count();
        assert_eq!(contents.records, (0..kept as u128).map(record).collect::<Vec<_>>());
        let last = ends[..kept].last().copied().unwrap_or(0);
        assert_eq!(contents.unsound_bytes as usize, length - last, "cut at {length}");
    }
    // A disk that grew the file before its bytes came leaves zeros.
    std::fs::write(&path, [&whole[..ends[4]], &[0; 5_000]].concat()).unwrap();
    assert_eq!(segment::read(&path).unwrap().records.len(), 5);
}

#[tokio::test]
async fn damage_costs_the_record_that_it_hit() {
    let folder = tempfile::tempdir().unwrap();
    let (path, ends) = ten(folder.path()).await;
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        std::fs::write(&path, &bytes).unwrap();
        let hit = ends.iter().position(|end| at < *end).unwrap() as u128;
        let expected: Vec<Record> = (0..10).filter(|number| *number != hit).map(record).collect();
        assert_eq!(segment::read(&path).unwrap().records, expected, "byte {at}");
    }
}
