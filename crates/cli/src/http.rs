//! The HTTP options of every client that the command line makes, and the few requests
//! that no client crate has.

use azml_core::http::{ErrorResponse, HttpClient, HttpClientParts};
use azml_core::transport::transport;
use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions};

use crate::failure::Result;
use crate::settings::Settings;

/// A person waits: give up sooner than a program would.
const RETRIES: u32 = 3;

/// Options for a client: our transport and certificate authority, few retries.
pub(crate) fn client_options(settings: &Settings) -> Result<ClientOptions> {
    Ok(ClientOptions {
        transport: Some(transport(&settings.transport())?),
        retry: RetryOptions::exponential(ExponentialRetryOptions {
            max_retries: RETRIES,
            ..ExponentialRetryOptions::default()
        }),
        ..ClientOptions::default()
    })
}

/// A client without credential.
pub(crate) fn plain_client(options: ClientOptions) -> HttpClient {
    HttpClient::new(HttpClientParts {
        crate_name: env!("CARGO_PKG_NAME"),
        crate_version: env!("CARGO_PKG_VERSION"),
        options,
        per_call: Vec::new(),
        per_try: Vec::new(),
        map_error: ErrorResponse::to_error,
    })
}
