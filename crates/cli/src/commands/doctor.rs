//! `azml doctor`: looks at everything a client needs, and says how to mend what is wrong.
//!
//! A check never stops the next one. It asks services only what changes nothing.

use std::path::Path;

use azml::studio_classic::Workspace;
use azml_core::clock::{Clock, SystemClock};
use azml_core::{Error, ErrorKind, endpoint, env, transport};
use azure_core::http::headers::{HeaderName, Headers};
use azure_core::http::{
    ClientOptions, Context, Method, Pipeline, PipelineSendOptions, Request, RetryOptions, Url,
};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::studio;
use crate::args::studio::TargetArgs;
use crate::failure::{Failure, Result};
use crate::output::{Format, Listing};
use crate::profile::Config;
use crate::settings::{Settings, Source};

/// Clocks may differ by so many seconds before signatures and tokens are refused.
const CLOCK_TOLERANCE: i64 = 300;

/// What a check found.
struct Finding {
    name: &'static str,
    state: State,
    found: String,
    fix: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    Skipped,
    Wrong,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Wrong => "wrong",
        }
    }
}

/// Makes the checks and prints what they found.
pub(super) async fn run(settings: &Settings, format: &Format) -> Result<()> {
    let mut findings = vec![profile(settings), authorities(settings)];
    match studio::connect(&TargetArgs::default(), settings) {
        Ok(workspace) => studio_classic(&workspace, settings, &mut findings).await,
        Err(failure) => findings.push(wrong("Studio (classic)", &failure)),
    }
    if let Some(address) = settings.get(env::HTTPS_ENDPOINT) {
        findings.push(secure(&address, settings).await);
    }
    print(&findings, format)?;
    if findings.iter().any(|finding| finding.state == State::Wrong) {
        return Err(Failure::Status(1));
    }
    Ok(())
}

fn print(findings: &[Finding], format: &Format) -> Result<()> {
    if *format == Format::Table {
        return crate::output::data(|out| {
            for finding in findings {
                writeln!(
                    out,
                    "{:<8} {:<18} {}",
                    finding.state.name(),
                    finding.name,
                    finding.found
                )?;
                if !finding.fix.is_empty() {
                    writeln!(out, "{:<8} {:<18} fix: {}", "", "", finding.fix)?;
                }
            }
            Ok(())
        });
    }
    let mut listing = Listing::new(["check", "state", "found", "fix"]);
    for finding in findings {
        listing.row([
            finding.name.into(),
            finding.state.name().into(),
            finding.found.as_str().into(),
            finding.fix.as_str().into(),
        ]);
    }
    listing.print(format)
}

fn ok(name: &'static str, found: impl Into<String>) -> Finding {
    Finding {
        name,
        state: State::Ok,
        found: found.into(),
        fix: String::new(),
    }
}

fn skipped(name: &'static str, why: &str) -> Finding {
    Finding {
        name,
        state: State::Skipped,
        found: why.to_owned(),
        fix: String::new(),
    }
}

fn wrong(name: &'static str, failure: &Failure) -> Finding {
    let (found, fix) = match failure {
        Failure::Error(error) | Failure::Usage(error) => {
            (error.to_string(), error.hint().unwrap_or_default())
        }
        Failure::Status(_) => (String::new(), ""),
    };
    Finding {
        name,
        state: State::Wrong,
        found,
        fix: fix.to_owned(),
    }
}

fn profile(settings: &Settings) -> Finding {
    let given = settings.found_in(Source::Environment).len();
    let environment = match given {
        0 => String::new(),
        count => format!("; {count} AZML_* variables go before it"),
    };
    let file = Config::path()
        .map(|path| path.display().to_string())
        .unwrap_or_default();
    match &settings.profile {
        Some(name) => ok("profile", format!("`{name}` of {file}{environment}")),
        None => ok("profile", format!("none in use{environment}")),
    }
}

fn authorities(settings: &Settings) -> Finding {
    const NAME: &str = "certificates";
    let Some(file) = settings.get(env::CA_BUNDLE) else {
        return ok(NAME, "those of the system");
    };
    match transport::transport(&settings.transport()) {
        Ok(_) => ok(NAME, format!("those of the system and {file}")),
        Err(error) => {
            let from_emulator = settings.source(env::CA_BUNDLE) == Some(Source::Profile)
                && !Path::new(&file).exists();
            let failure = Failure::from(error);
            if from_emulator {
                return wrong(
                    NAME,
                    &failure.hint("start the emulator again: azml emulator start"),
                );
            }
            wrong(NAME, &failure)
        }
    }
}

/// Endpoint, clock and credential of the workspace.
async fn studio_classic(workspace: &Workspace, settings: &Settings, findings: &mut Vec<Finding>) {
    let url = workspace.api_endpoint();
    match ask(url, settings).await {
        Ok(headers) => {
            findings.push(ok("Studio endpoint", format!("{url} answers")));
            findings.push(clock(&headers));
        }
        Err(error) => {
            findings.push(wrong("Studio endpoint", &unreachable(url, error)));
            findings.push(skipped("clock", "no service to compare with"));
            findings.push(skipped("Studio credential", "no service to ask"));
            return;
        }
    }
    findings.push(match workspace.info().await {
        Ok(info) => ok(
            "Studio credential",
            format!(
                "accepted for workspace {} ({})",
                info.workspace_id, info.friendly_name
            ),
        ),
        Err(error) => wrong("Studio credential", &error.into()),
    });
}

/// Whether the https listener can be trusted.
async fn secure(address: &str, settings: &Settings) -> Finding {
    const NAME: &str = "https";
    let url = match endpoint::parse(address) {
        Ok(url) => url,
        Err(error) => return wrong(NAME, &error.into()),
    };
    match ask(&url, settings).await {
        Ok(_) => ok(NAME, format!("{url} answers with a trusted certificate")),
        Err(error) => wrong(NAME, &unreachable(&url, error)),
    }
}

/// The headers of any answer at all.
async fn ask(url: &Url, settings: &Settings) -> Result<Headers, Error> {
    let options = ClientOptions {
        transport: Some(transport::transport(&settings.transport())?),
        retry: RetryOptions::none(),
        ..ClientOptions::default()
    };
    let pipeline = Pipeline::new(
        Some(env!("CARGO_PKG_NAME")),
        Some(env!("CARGO_PKG_VERSION")),
        options,
        Vec::new(),
        Vec::new(),
        None,
    );
    let options = PipelineSendOptions {
        skip_checks: true,
        ..PipelineSendOptions::default()
    };
    let mut request = Request::new(url.clone(), Method::Get);
    let response = pipeline
        .send(&Context::new(), &mut request, Some(options))
        .await?;
    Ok(response.headers().clone())
}

/// Why there was no answer, with the advice that goes with the cause.
fn unreachable(url: &Url, error: Error) -> Failure {
    let causes = causes(&error);
    let hint = if causes.contains("certificate") || causes.contains("UnknownIssuer") {
        "name the server's certificate authority with --ca-file or AZML_CA_BUNDLE; \
         the emulator's is printed by `azml emulator ca`"
    } else if endpoint::is_loopback(url) {
        "start the emulator: azml emulator start"
    } else if error.kind() == ErrorKind::Connection {
        "check the address, the network and the proxy settings (HTTPS_PROXY, NO_PROXY); \
         Microsoft has shut this service down: the emulator takes its place"
    } else {
        "try again later"
    };
    Failure::from(error.while_doing(url)).hint(hint)
}

fn causes(error: &Error) -> String {
    let mut text = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!("{error} {error:?}\n"));
        cause = error.source();
    }
    text
}

fn clock(headers: &Headers) -> Finding {
    const NAME: &str = "clock";
    let theirs = headers
        .get_optional_str(&HeaderName::from_static("date"))
        .and_then(|date| OffsetDateTime::parse(date, &Rfc2822).ok());
    match theirs {
        Some(theirs) => skew((SystemClock.now() - theirs).whole_seconds()),
        None => skipped(NAME, "the service does not say what time it is"),
    }
}

/// What a difference of so many seconds means; positive when this machine is ahead.
fn skew(seconds: i64) -> Finding {
    const NAME: &str = "clock";
    let words = match seconds {
        -1..=1 => return ok(NAME, "agrees with the service's"),
        seconds if seconds > 0 => format!("{seconds} s ahead of the service's"),
        seconds => format!("{} s behind the service's", seconds.unsigned_abs()),
    };
    if seconds.abs() <= CLOCK_TOLERANCE {
        return ok(NAME, words);
    }
    Finding {
        name: NAME,
        state: State::Wrong,
        found: words,
        fix: "set this machine's clock; tokens and signatures are refused otherwise".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_may_differ_a_little() {
        assert!(skew(0).state == State::Ok && skew(-300).state == State::Ok);
        let wrong = skew(-301);
        assert!(wrong.state == State::Wrong);
        assert_eq!(wrong.found, "301 s behind the service's");
        assert!(wrong.fix.contains("clock"));
        assert!(skew(4000).found.contains("ahead"));
    }

    #[test]
    fn the_service_date_is_read() {
        let mut headers = Headers::new();
        assert!(clock(&headers).state == State::Skipped);
        headers.insert("date", "Fri, 20 Nov 2015 16:05:00 GMT");
        assert!(clock(&headers).state == State::Wrong);
    }
}
