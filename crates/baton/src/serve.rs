//! Serving the web application, and who may sign in to it.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

use app::access::{self, Invited};
use app::context::Context;
use reports::access::Members;
use web::server::{Entry, serve};

use crate::args::{Member, Serve};
use crate::commands::{place, session};
use crate::show;

pub async fn run(folder: &Path, asked: &Serve) -> anyhow::Result<()> {
    let context = Context::open(place(folder), session()?).await?;
    let store = context.store.clone();
    let entry = if asked.demo { Entry::Demo } else { Entry::Members };
    let ready = |address| {
        println!("Baton is served at http://{address} (end it with Ctrl-C)");
        if !web::server::HAS_PARTS {
            eprintln!("It was built without Node: pages load as a whole, and charts stand still.");
        }
    };
    serve(context, asked.listen, entry, ready, stopped()).await?;
    Ok(store.close().await?)
}

/// Over when the process is asked to end.
async fn stopped() {
    let ended = async {
        let signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        match signal {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = ended => {}
    }
}

pub async fn member(context: &Context, asked: Member) -> anyhow::Result<()> {
    match asked {
        Member::Add { email, name, role, user } => {
            let password = password()?;
            let invited = Invited { email, name, role, user, password };
            let member = access::add(context, invited).await?;
            show::report(&Members { members: vec![member] }, false)
        }
        Member::Remove { email } => {
            access::remove(context, &email).await?;
            show::report(&Members { members: context.store.members().await? }, false)
        }
        Member::List(output) => {
            show::report(&Members { members: context.store.members().await? }, output.json)
        }
        Member::Token { email, name, write, days } => {
            let members = context.store.members().await?;
            let wanted = email.trim().to_lowercase();
            let Some(member) = members.iter().find(|member| member.email == wanted) else {
                anyhow::bail!("no member has the address {email}");
            };
            let secret = access::make_token(context, member, &name, write, days).await?;
            println!("{secret}");
            eprintln!("Keep it now: it is shown this once. It is over in {days} days.");
            Ok(())
        }
    }
}

/// A password from standard input, asked for on a terminal.
fn password() -> anyhow::Result<String> {
    let input = std::io::stdin();
    if input.is_terminal() {
        let mut out = std::io::stderr().lock();
        write!(out, "Password (it is shown as you type): ").and_then(|()| out.flush())?;
    }
    let mut line = String::new();
    input.lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
