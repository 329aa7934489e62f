//! Text encodings: which one a file has, and its bytes as UTF-8 on the fly, in bounded memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::limits::{ENCODING_EVIDENCE, READ_BYTES};

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Encoding {
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "utf-16le")]
    Utf16Le,
    #[serde(rename = "utf-16be")]
    Utf16Be,
    /// Windows-1252, of which Latin-1 text is a part.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

impl Encoding {
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "UTF-8",
            Encoding::Utf16Le => "UTF-16 (little endian)",
            Encoding::Utf16Be => "UTF-16 (big endian)",
            Encoding::Windows1252 => "Windows-1252 (Latin-1)",
        }
    }

    /// Tells the encoding by the byte order mark, else by where NUL bytes lie, else by whether
    /// the file is valid UTF-8. Reads the file until it has evidence, at most once, in pieces.
    pub fn detect(file: &mut File) -> io::Result<Encoding> {
        let mut head = vec![0; 4096];
        file.seek(SeekFrom::Start(0))?;
        let length = read_fully(file, &mut head)?;
        head.truncate(length);
        if let Some(encoding) = by_mark(&head).or_else(|| by_nul_bytes(&head)) {
            return Ok(encoding);
        }
        file.seek(SeekFrom::Start(0))?;
        by_validity(file)
    }

    fn codec(self) -> Option<&'static encoding_rs::Encoding> {
        match self {
            Encoding::Utf8 => None,
            Encoding::Utf16Le => Some(encoding_rs::UTF_16LE),
            Encoding::Utf16Be => Some(encoding_rs::UTF_16BE),
            Encoding::Windows1252 => Some(encoding_rs::WINDOWS_1252),
        }
    }
}

/// A file's bytes as UTF-8. UTF-8 itself is passed on unchecked: rows are checked one by one.
pub struct Decoder {
    file: File,
    codec: Option<encoding_rs::Decoder>,
    raw: Vec<u8>,
    finished: bool,
    pub bytes_read: u64,
}

impl Decoder {
    /// Begins at the start of the file, behind its byte order mark.
    pub fn new(mut file: File, encoding: Encoding) -> io::Result<Decoder> {
        let mut head = [0; 3];
        file.seek(SeekFrom::Start(0))?;
        let length = read_fully(&mut file, &mut head)?;
        let mark = mark_length(&head[..length]) as u64;
        file.seek(SeekFrom::Start(mark))?;
        let codec = encoding.codec().map(encoding_rs::Encoding::new_decoder_without_bom_handling);
        Ok(Decoder { file, codec, raw: Vec::new(), finished: false, bytes_read: mark })
    }

    /// Appends what comes next, about `READ_BYTES` of it; `false` at the end of the file.
    pub fn fill(&mut self, text: &mut Vec<u8>) -> io::Result<bool> {
        if self.finished {
            return Ok(false);
        }
        let Some(codec) = &mut self.codec else {
            let before = text.len();
            text.resize(before + READ_BYTES, 0);
            let length = read_fully(&mut self.file, &mut text[before..])?;
            text.truncate(before + length);
            self.bytes_read += length as u64;
            self.finished = length == 0;
            return Ok(length > 0);
        };
        self.raw.resize(READ_BYTES, 0);
        let length = read_fully(&mut self.file, &mut self.raw)?;
        self.bytes_read += length as u64;
        self.finished = length < READ_BYTES;
        append_decoded(codec, &self.raw[..length], text, self.finished);
        Ok(length > 0)
    }
}

fn append_decoded(codec: &mut encoding_rs::Decoder, raw: &[u8], text: &mut Vec<u8>, is_last: bool) {
    let before = text.len();
    let most = codec.max_utf8_buffer_length(raw.len()).unwrap_or(raw.len() * 4);
    text.resize(before + most, 0);
    let (_, _, written, _) = codec.decode_to_utf8(raw, &mut text[before..], is_last);
    text.truncate(before + written);
}

fn read_fully(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

fn by_mark(head: &[u8]) -> Option<Encoding> {
    match head {
        [0xEF, 0xBB, 0xBF, ..] => Some(Encoding::Utf8),
        [0xFF, 0xFE, ..] => Some(Encoding::Utf16Le),
        [0xFE, 0xFF, ..] => Some(Encoding::Utf16Be),
        _ => None,
    }
}

fn mark_length(head: &[u8]) -> usize {
    match by_mark(head) {
        Some(Encoding::Utf8) => 3,
        Some(_) => 2,
        None => 0,
    }
}

/// Western text in UTF-16 has a NUL in nearly every second byte, always on the same side.
fn by_nul_bytes(head: &[u8]) -> Option<Encoding> {
    let count = |side: usize| head.iter().skip(side).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, pairs) = (count(0), count(1), head.len() / 2);
    let mostly =
        |nuls: usize, others: usize| pairs >= 2 && nuls * 10 > pairs * 7 && others * 10 < pairs;
    if mostly(odd, even) {
        Some(Encoding::Utf16Le)
    } else if mostly(even, odd) {
        Some(Encoding::Utf16Be)
    } else {
        None
    }
}

/// UTF-8 unless bytes outside ASCII are more often invalid than valid.
fn by_validity(file: &mut File) -> io::Result<Encoding> {
    let (mut valid, mut invalid) = (0_u64, 0_u64);
    let mut buffer = vec![0; READ_BYTES];
    let mut carried = 0;
    loop {
        let length = carried + read_fully(file, &mut buffer[carried..])?;
        let is_last = length < buffer.len();
        carried = tally(&mut buffer[..length], is_last, &mut valid, &mut invalid);
        if is_last || valid + invalid >= ENCODING_EVIDENCE {
            return Ok(if invalid > valid { Encoding::Windows1252 } else { Encoding::Utf8 });
        }
    }
}

/// Counts characters outside ASCII and moves a character cut off at the end to the front.
fn tally(bytes: &mut [u8], is_last: bool, valid: &mut u64, invalid: &mut u64) -> usize {
    let mut rest: &[u8] = bytes;
    let mut cut_off = 0;
    while !rest.is_ascii() {
        let (good, skipped) = match std::str::from_utf8(rest) {
            Ok(_) => (rest.len(), 0),
            Err(error) => (error.valid_up_to(), error.error_len().unwrap_or(0)),
        };
        *valid += rest[..good].iter().filter(|byte| **byte >= 0xC0).count() as u64;
        rest = &rest[good..];
        if skipped == 0 {
            *invalid += u64::from(is_last && !rest.is_empty());
            cut_off = rest.len();
            break;
        }
        *invalid += 1;
        rest = &rest[skipped..];
    }
    let length = bytes.len();
    bytes.copy_within(length - cut_off.., 0);
    cut_off
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[track_caller]
    fn check(bytes: &[u8], encoding: Encoding, text: &str) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        assert_eq!(Encoding::detect(&mut file).unwrap(), encoding);
        let mut decoder = Decoder::new(file, encoding).unwrap();
        let mut decoded = Vec::new();
        while decoder.fill(&mut decoded).unwrap() {}
        assert_eq!(String::from_utf8(decoded).unwrap(), text);
        assert_eq!(decoder.bytes_read, bytes.len() as u64);
    }

    fn utf16(text: &str, little: bool) -> Vec<u8> {
        let units = text.encode_utf16();
        units
            .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
            .collect()
    }

    #[test]
    fn encodings_are_told_and_decoded() {
        check(b"id,name\n1,Jo\n", Encoding::Utf8, "id,name\n1,Jo\n");
        check("\u{feff}id\n1\n".as_bytes(), Encoding::Utf8, "id\n1\n");
        check("id,é\n".as_bytes(), Encoding::Utf8, "id,é\n");
        check(b"id,caf\xE9\n", Encoding::Windows1252, "id,café\n");
        check(b"id,\x80 5\n", Encoding::Windows1252, "id,€ 5\n");
        for little in [true, false] {
            let encoding = if little { Encoding::Utf16Le } else { Encoding::Utf16Be };
            check(&utf16("\u{feff}id,é😀\n", little), encoding, "id,é😀\n");
            check(&utf16("id,name\n1,Zoë\n", little), encoding, "id,name\n1,Zoë\n");
        }
    }

    #[test]
    fn an_accent_far_behind_ascii_still_tells_the_encoding() {
        let mut bytes = b"a,b\n".repeat(READ_BYTES / 2);
        bytes.extend_from_slice(b"caf\xE9,1\n");
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        check(&bytes, Encoding::Windows1252, &text);
    }

    #[test]
    fn a_character_cut_by_a_piece_is_whole_again() {
        let text = format!("{}é{}", "a".repeat(READ_BYTES - 1), "b".repeat(10));
        check(text.as_bytes(), Encoding::Utf8, &text);
    }
}
