//! Lists that come in pages: `{"value":[..],"nextLink":".."}`.

use azure_core::http::{Method, Request, Url};
use futures::stream::{self, Stream, TryStreamExt};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    Error, ErrorKind, Result,
    http::{HttpClient, Repeat},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    #[serde(default = "Vec::new")]
    value: Vec<T>,
    next_link: Option<String>,
}

/// The items of every page from `first` on, in order; a page is fetched when its first item is asked for.
///
/// Links are followed as they are, wherever they lead; whether a credential goes along is the pipeline's.
///
/// # Errors
/// Each item as [`HttpClient::send_json`]; [`ErrorKind::InvalidData`] for a link that is no address.
pub fn items<T: DeserializeOwned + Send + 'static>(
    http: HttpClient,
    first: Url,
) -> impl Stream<Item = Result<T>> + Send + 'static {
    stream::try_unfold(Some(first), move |next| {
        let http = http.clone();
        async move {
            let Some(url) = next else { return Ok(None) };
            let page: Page<T> = http
                .send_json(Request::new(url, Method::Get), Repeat::ByMethod)
                .await?;
            let next = page
                .next_link
                .filter(|link| !link.is_empty())
                .map(|link| {
                    Url::parse(&link).map_err(|error| {
                        Error::new(
                            ErrorKind::InvalidData,
                            "the link to the next page is not an address",
                        )
                        .with_source(error)
                    })
                })
                .transpose()?;
            let items = stream::iter(page.value.into_iter().map(Ok));
            Ok::<_, Error>(Some((items, next)))
        }
    })
    .try_flatten()
}
