//! Sends bearer tokens: to one origin, over https, and to this machine in the clear only when that was asked for.

use std::sync::Arc;

use async_trait::async_trait;
use azml_core::endpoint;
use azure_core::{
    credentials::TokenCredential,
    error::{Error, ErrorKind},
    http::{
        Context, Request, StatusCode, Url,
        headers::AUTHORIZATION,
        policies::{Policy, PolicyResult, auth::BearerTokenAuthorizationPolicy},
    },
};

/// Whether tokens may go over plain http to this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InsecureLoopback {
    /// Never; the default.
    #[default]
    Refuse,
    /// To `localhost`, `*.localhost`, `127.0.0.0/8` and `::1`, where an emulator listens.
    Allow,
}

/// Puts a token on the requests to one scheme, host and port; others, such as a link to another host, go without.
///
/// Over https this is `azure_core`'s policy: it asks again after a 401 and keeps a valid token when renewal fails.
#[derive(Debug)]
pub struct BearerPolicy {
    origin: Url,
    scope: String,
    credential: Arc<dyn TokenCredential>,
    secure: BearerTokenAuthorizationPolicy,
    loopback: InsecureLoopback,
}

impl BearerPolicy {
    /// A policy for requests to the origin of `origin` with tokens for `scope`.
    pub fn new(
        credential: Arc<dyn TokenCredential>,
        scope: impl Into<String>,
        origin: Url,
        loopback: InsecureLoopback,
    ) -> Self {
        let scope = scope.into();
        Self {
            secure: BearerTokenAuthorizationPolicy::new(Arc::clone(&credential), [scope.clone()]),
            origin,
            scope,
            credential,
            loopback,
        }
    }
}

impl BearerPolicy {
    async fn send_authorized(
        &self,
        ctx: &Context<'_>,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        if request.url().scheme() == "https" {
            return self.secure.send(ctx, request, next).await;
        }
        if self.loopback == InsecureLoopback::Refuse || !endpoint::is_loopback(request.url()) {
            return Err(Error::with_message(
                ErrorKind::Credential,
                "a token is not sent over plain http: use the https endpoint",
            ));
        }
        request.insert_header(AUTHORIZATION, self.authorization().await?);
        let (first, rest) = split(next);
        first.send(ctx, request, rest).await
    }

    async fn authorization(&self) -> azure_core::Result<String> {
        let token = self.credential.get_token(&[&self.scope], None).await?;
        Ok(format!("Bearer {}", token.token.secret()))
    }
}

fn split(next: &[Arc<dyn Policy>]) -> (&Arc<dyn Policy>, &[Arc<dyn Policy>]) {
    next.split_first()
        .expect("the transport policy is always last")
}

#[async_trait]
impl Policy for BearerPolicy {
    async fn send(
        &self,
        ctx: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        if !endpoint::same_origin(request.url(), &self.origin) {
            let (first, rest) = split(next);
            return first.send(ctx, request, rest).await;
        }
        let response = self.send_authorized(ctx, request, next).await?;
        if response.status() != StatusCode::Unauthorized {
            return Ok(response);
        }
        // The token may have expired on its way. Only another one is worth another try.
        match self.authorization().await {
            Ok(other) if request.headers().get_optional_str(&AUTHORIZATION) != Some(&other) => {
                request.body_mut().reset().await?;
                self.send_authorized(ctx, request, next).await
            }
            _ => Ok(response),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use azml_core::clock::Clock as _;
    use azml_core::clock::SystemClock;
    use azure_core::http::{AsyncRawResponse, Method, StatusCode, headers::Headers};

    use super::*;
    use crate::directory::StaticTokenCredential;

    /// Records the header of what reaches the transport.
    #[derive(Debug, Default)]
    struct Recorder(Mutex<Vec<Option<String>>>);

    #[async_trait]
    impl Policy for Recorder {
        async fn send(
            &self,
            _: &Context,
            request: &mut Request,
            _: &[Arc<dyn Policy>],
        ) -> PolicyResult {
            let header = request
                .headers()
                .get_optional_str(&AUTHORIZATION)
                .map(str::to_owned);
            self.0.lock().unwrap().push(header);
            Ok(AsyncRawResponse::from_bytes(
                StatusCode::Ok,
                Headers::new(),
                bytes::Bytes::new(),
            ))
        }
    }

    async fn send(
        origin: &str,
        url: &str,
        loopback: InsecureLoopback,
    ) -> Result<Option<String>, String> {
        let expires_on = SystemClock.now() + time::Duration::hours(1);
        let credential =
            StaticTokenCredential::new("t0ken".into(), expires_on, Arc::new(SystemClock));
        let policy = BearerPolicy::new(credential, "scope", Url::parse(origin).unwrap(), loopback);
        let recorder = Arc::new(Recorder::default());
        let mut request = Request::new(Url::parse(url).unwrap(), Method::Get);
        let next: [Arc<dyn Policy>; 1] = [recorder.clone()];
        policy
            .send(&Context::new(), &mut request, &next)
            .await
            .map_err(|error| error.to_string())?;
        Ok(recorder.0.lock().unwrap().pop().flatten())
    }

    /// A service that knows one token only.
    #[derive(Debug)]
    struct Picky {
        wanted: &'static str,
        seen: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl Policy for Picky {
        async fn send(
            &self,
            _: &Context,
            request: &mut Request,
            _: &[Arc<dyn Policy>],
        ) -> PolicyResult {
            let header = request.headers().get_optional_str(&AUTHORIZATION);
            let token = header.unwrap_or_default().to_owned();
            let status = if token == format!("Bearer {}", self.wanted) {
                StatusCode::Ok
            } else {
                StatusCode::Unauthorized
            };
            self.seen.lock().unwrap().push(token);
            let body = bytes::Bytes::new();
            Ok(AsyncRawResponse::from_bytes(status, Headers::new(), body))
        }
    }

    /// Gives the tokens one after the other, the last one for ever.
    #[derive(Debug)]
    struct Handing(Mutex<Vec<&'static str>>);

    #[async_trait]
    impl TokenCredential for Handing {
        async fn get_token(
            &self,
            _: &[&str],
            _: Option<azure_core::credentials::TokenRequestOptions<'_>>,
        ) -> azure_core::Result<azure_core::credentials::AccessToken> {
            let mut tokens = self.0.lock().unwrap();
            let token = if tokens.len() > 1 {
                tokens.remove(0)
            } else {
                tokens[0]
            };
            let expires_on = SystemClock.now() + time::Duration::hours(1);
            Ok(azure_core::credentials::AccessToken::new(token, expires_on))
        }
    }

    /// adla section 4.2: a token that is refused is renewed once; the same one is not sent again.
    #[tokio::test]
    async fn refused_tokens_are_renewed() {
        for origin in ["https://management.azure.com/", "http://localhost:10010/"] {
            for (tokens, sent, status) in [
                (vec!["old", "new"], 2, StatusCode::Ok),
                (vec!["old"], 1, StatusCode::Unauthorized),
                (vec!["old", "older", "oldest"], 2, StatusCode::Unauthorized),
            ] {
                let origin = Url::parse(origin).unwrap();
                let credential = Arc::new(Handing(Mutex::new(tokens)));
                let loopback = InsecureLoopback::Allow;
                let policy = BearerPolicy::new(credential, "scope", origin.clone(), loopback);
                let picky = Arc::new(Picky {
                    wanted: "new",
                    seen: Mutex::default(),
                });
                let next: [Arc<dyn Policy>; 1] = [picky.clone()];
                let mut request = Request::new(origin, Method::Get);
                let answer = policy.send(&Context::new(), &mut request, &next).await;
                assert_eq!(answer.unwrap().status(), status);
                assert_eq!(picky.seen.lock().unwrap().len(), sent);
            }
        }
    }

    /// auth T14, T15, adla L3
    #[tokio::test]
    async fn tokens_stay_where_they_belong() {
        use InsecureLoopback::{Allow, Refuse};
        let token = Ok(Some("Bearer t0ken".to_owned()));
        let https = "https://management.azure.com/";
        assert_eq!(
            send(https, "https://management.azure.com/x", Refuse).await,
            token
        );
        assert_eq!(
            send(https, "https://elsewhere.example/x", Refuse).await,
            Ok(None)
        );
        assert_eq!(
            send(https, "https://management.azure.com:444/x", Refuse).await,
            Ok(None)
        );
        let local = "http://a.localhost:10010/";
        assert_eq!(
            send(local, "http://a.localhost:10010/x", Allow).await,
            token
        );
        assert!(
            send(local, "http://a.localhost:10010/x", Refuse)
                .await
                .is_err()
        );
        let remote = "http://management.example/";
        assert!(
            send(remote, "http://management.example/x", Allow)
                .await
                .is_err()
        );
    }
}
