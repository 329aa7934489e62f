//! A page taken apart: its tables, cell by cell, and its attributes.

pub struct Page {
    pub html: String,
    /// The tables by caption, in the order in which they stand.
    pub tables: Vec<(String, Vec<Vec<Shown>>)>,
}

/// A cell: what is shown, and the exact value that stands behind it.
#[derive(Clone, Debug)]
pub struct Shown {
    pub text: String,
    pub exact: Option<String>,
}

impl Page {
    pub fn parse(html: String) -> Page {
        let tables = html.split("<table>").skip(1).map(|rest| table(before(rest, "</table>")));
        let tables = tables.collect();
        Page { html, tables }
    }

    /// The values of every attribute of a name.
    pub fn attributes(&self, name: &str) -> Vec<String> {
        let start = format!(" {name}=\"");
        self.html.split(&start).skip(1).map(|rest| before(rest, "\"").to_owned()).collect()
    }

    /// The texts that shapes tell on hover, within the drawing of an id.
    pub fn told(&self, id: &str) -> Vec<String> {
        let Some((_, drawing)) = self.html.split_once(&format!("aria-labelledby=\"{id}-wide-t"))
        else {
            panic!("there is no drawing {id}");
        };
        let shapes = before(drawing, "</svg>").split("<title>").skip(1);
        shapes.map(|rest| plain(before(rest, "</title>"))).collect()
    }
}

fn table(html: &str) -> (String, Vec<Vec<Shown>>) {
    let caption = html.split_once("<caption>").map_or("", |(_, rest)| before(rest, "</caption>"));
    let body = html.split_once("<tbody>").map_or("", |(_, rest)| rest);
    let rows = body.split("<tr").skip(1).map(|row| row.split("<td").skip(1).map(cell).collect());
    (plain(caption), rows.collect())
}

fn cell(html: &str) -> Shown {
    let (attributes, rest) = html.split_once('>').unwrap_or(("", html));
    let exact = attributes.split_once("title=\"").map(|(_, rest)| plain(before(rest, "\"")));
    Shown { text: plain(before(rest, "</td>")), exact }
}

fn before<'a>(text: &'a str, end: &str) -> &'a str {
    text.split(end).next().unwrap_or_default()
}

/// The text that markup stands for.
fn plain(html: &str) -> String {
    let named = html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    let numbered = named.replace("&#39;", "'").replace("&#34;", "\"").replace("&#60;", "<");
    numbered.replace("&#62;", ">").replace("&#38;", "&").replace("&amp;", "&")
}
