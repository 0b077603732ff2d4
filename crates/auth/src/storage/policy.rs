//! Pipeline policies that authorise storage requests. They belong in
//! `ClientOptions::per_try_policies`, where the headers are final and each retry is
//! signed anew.

use std::sync::Arc;

use async_trait::async_trait;
use azml_core::clock::{Clock, SystemClock};
use azure_core::http::{
    Context, Method, Request,
    headers::{AUTHORIZATION, CONTENT_LENGTH, HeaderName},
    policies::{Policy, PolicyResult},
};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

use super::canonical::SignableRequest;
use super::key::SharedKey;
use super::sas::SasToken;

const MS_DATE: HeaderName = HeaderName::from_static("x-ms-date");

/// RFC 1123 with two-digit days, the only form that the service takes.
const RFC_1123: &[BorrowedFormatItem<'static>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// Signs each try of a request with an account key (the Shared Key scheme of the
/// blob, file and data lake services).
///
/// The azure_storage_blob client takes no account key; give it no credential and this
/// policy instead:
///
/// ```
/// use azml_auth::storage::{AccountKey, SharedKey, SharedKeyPolicy};
/// use azure_core::http::ClientOptions;
/// use std::sync::Arc;
///
/// let key = SharedKey::new("account", AccountKey::from_base64("c2VjcmV0")?);
/// let options = ClientOptions {
///     per_try_policies: vec![Arc::new(SharedKeyPolicy::new(key))],
///     ..Default::default()
/// };
/// # let _ = options;
/// # Ok::<(), azml_auth::storage::StorageAuthError>(())
/// ```
#[derive(Debug)]
pub struct SharedKeyPolicy {
    key: SharedKey,
    clock: Arc<dyn Clock>,
}

impl SharedKeyPolicy {
    /// A policy that signs with `key` and dates requests by the machine's clock.
    pub fn new(key: SharedKey) -> Self {
        Self::with_clock(key, Arc::new(SystemClock))
    }

    /// As [`SharedKeyPolicy::new`], with the time taken from `clock`.
    pub fn with_clock(key: SharedKey, clock: Arc<dyn Clock>) -> Self {
        Self { key, clock }
    }
}

#[async_trait]
impl Policy for SharedKeyPolicy {
    async fn send(
        &self,
        ctx: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        request.insert_header(MS_DATE, http_date(self.clock.now()));
        let authorization = authorization(&self.key, request);
        request.insert_header(AUTHORIZATION, authorization);
        forward(ctx, request, next).await
    }
}

/// Adds a shared access signature to the query of each request that has none yet.
#[derive(Debug)]
pub struct SasPolicy {
    sas: SasToken,
}

impl SasPolicy {
    /// A policy that authorises with `sas`.
    pub fn new(sas: SasToken) -> Self {
        Self { sas }
    }
}

#[async_trait]
impl Policy for SasPolicy {
    async fn send(
        &self,
        ctx: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        self.sas.apply_to(request.url_mut());
        forward(ctx, request, next).await
    }
}

async fn forward(
    ctx: &Context<'_>,
    request: &mut Request,
    next: &[Arc<dyn Policy>],
) -> PolicyResult {
    let (policy, rest) = next
        .split_first()
        .expect("the transport is the last policy of every pipeline");
    policy.send(ctx, request, rest).await
}

fn authorization(key: &SharedKey, request: &Request) -> String {
    let headers: Vec<(&str, &str)> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    key.authorization(&SignableRequest {
        method: request.method().as_str(),
        path: request.url().path(),
        query: request.url().query().unwrap_or_default(),
        headers: &headers,
        content_length: content_length(request),
    })
}

/// The length that the transport will send: of the body if it knows it, else what the
/// client declared.
fn content_length(request: &Request) -> u64 {
    if matches!(request.method(), Method::Get | Method::Head) {
        return 0;
    }
    request.body().len().unwrap_or_else(|| {
        request
            .headers()
            .get_optional_str(&CONTENT_LENGTH)
            .and_then(|length| length.parse().ok())
            .unwrap_or_default()
    })
}

/// `time` as storage dates are written, for example `Fri, 26 Jun 2015 23:39:12 GMT`.
pub fn http_date(time: OffsetDateTime) -> String {
    time.to_offset(time::UtcOffset::UTC)
        .format(RFC_1123)
        .expect("a UTC time has every field of the format")
}

#[cfg(test)]
mod tests {
    use azml_core::clock::ManualClock;
    use azure_core::http::{AsyncRawResponse, StatusCode, headers::Headers};
    use std::sync::Mutex;
    use std::time::Duration;
    use time::macros::datetime;

    use super::*;
    use crate::storage::AccountKey;

    /// Keeps what reaches the end of the pipeline.
    #[derive(Debug, Default)]
    struct Last(Mutex<Vec<Request>>);

    #[async_trait]
    impl Policy for Last {
        async fn send(
            &self,
            _: &Context,
            request: &mut Request,
            _: &[Arc<dyn Policy>],
        ) -> PolicyResult {
            self.0.lock().unwrap().push(request.clone());
            Ok(AsyncRawResponse::from_bytes(
                StatusCode::Ok,
                Headers::new(),
                "",
            ))
        }
    }

    fn header(request: &Request, name: &'static str) -> Option<String> {
        request
            .headers()
            .get_optional_string(&HeaderName::from_static(name))
    }

    /// The second signature is the one of the official client for the same request (vectors).
    #[tokio::test]
    async fn each_try_is_dated_and_signed_anew() {
        let clock = Arc::new(ManualClock::new(datetime!(2015-06-26 23:38:12 UTC)));
        let key: Vec<u8> = (0..64).collect();
        let key = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key);
        let key = SharedKey::new("vectoraccount", AccountKey::from_base64(&key).unwrap());
        let policy = SharedKeyPolicy::with_clock(key, clock.clone());
        let last = Arc::new(Last::default());
        let next: [Arc<dyn Policy>; 1] = [last.clone()];
        let url = "https://vectoraccount.blob.core.windows.net/?comp=list";
        let mut request = Request::new(url.parse().unwrap(), Method::Get);
        request.insert_header("x-ms-version", "2024-11-04");

        let context = Context::new();
        policy.send(&context, &mut request, &next).await.unwrap();
        clock.advance(Duration::from_secs(60));
        policy.send(&context, &mut request, &next).await.unwrap();

        let sent = last.0.lock().unwrap();
        assert_ne!(
            header(&sent[0], "authorization"),
            header(&sent[1], "authorization")
        );
        assert_eq!(
            header(&sent[1], "x-ms-date").as_deref(),
            Some("Fri, 26 Jun 2015 23:39:12 GMT")
        );
        assert_eq!(
            header(&sent[1], "authorization").as_deref(),
            Some("SharedKey vectoraccount:Tny6GOm4gmh70zWgGaXZJ4vHkO4tp7kT3iSQNlitiaw=")
        );
    }

    #[tokio::test]
    async fn a_sas_goes_into_the_query_once_over_all_tries() {
        let policy = SasPolicy::new(SasToken::new("sv=2021-10-04&sig=x").unwrap());
        let last = Arc::new(Last::default());
        let next: [Arc<dyn Policy>; 1] = [last.clone()];
        let mut request = Request::new("https://h/c?comp=list".parse().unwrap(), Method::Get);
        let context = Context::new();
        policy.send(&context, &mut request, &next).await.unwrap();
        policy.send(&context, &mut request, &next).await.unwrap();
        let sent = last.0.lock().unwrap();
        assert_eq!(sent[1].url().query(), Some("comp=list&sv=2021-10-04&sig=x"));
    }
}
