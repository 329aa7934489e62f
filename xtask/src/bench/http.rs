//! Just enough HTTP/1.1 to ask a server of ours on this machine over one connection after another.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The longest that an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connection that stays open from request to request.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

/// What a server answered.
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).context("the server cannot be reached")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    pub fn get(&mut self, path: &str) -> Result<Answer> {
        self.ask(&format!("GET {path}"), &[], "")
    }

    /// Sends a request, such as `GET /plan`, with more headers and a body.
    pub fn ask(&mut self, line: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer> {
        let mut request = format!("{line} HTTP/1.1\r\nHost: localhost\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        self.stream.get_mut().write_all(request.as_bytes())?;
        read(&mut self.stream).with_context(|| format!("the answer to {line}"))
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn read(stream: &mut impl BufRead) -> Result<Answer> {
    let first = line(stream)?;
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.with_context(|| format!("`{first}` is no HTTP"))?;
    let mut headers = Vec::new();
    loop {
        let header = line(stream)?;
        let Some((name, value)) = header.split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    answer.body = match answer.header("content-length") {
        Some(length) => exactly(stream, length.parse()?)?,
        None if answer.header("transfer-encoding") == Some("chunked") => chunks(stream)?,
        None => Vec::new(),
    };
    Ok(answer)
}

fn chunks(stream: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let length = usize::from_str_radix(&line(stream)?, 16).context("the length of a chunk")?;
        body.extend(exactly(stream, length)?);
        line(stream)?;
        if length == 0 {
            return Ok(body);
        }
    }
}

fn exactly(stream: &mut impl Read, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn line(stream: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        bail!("the server has closed the connection");
    }
    Ok(line.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_by_length_and_by_chunks() {
        let check = |text: &str, status: u16, body: &str| {
            let answer = read(&mut text.as_bytes()).unwrap();
            assert_eq!((answer.status, answer.text().as_str()), (status, body));
        };
        check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", 200, "abc");
        check("HTTP/1.1 204 No Content\r\n\r\n", 204, "");
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        check(chunked, 200, "abc");
        assert!(read(&mut "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".as_bytes()).is_err());
    }
}
