//! Bodies in, replies out.

use http_body_util::{BodyExt as _, Full};
use hyper::StatusCode;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};

use crate::jsonrpc::Reply;

/// Largest request body, in bytes.
pub(super) const MAX_BODY_SIZE: usize = 32 * 1024 * 1024;
/// The type of bodies that are no JSON.
const PLAIN: HeaderValue = HeaderValue::from_static("text/html; charset=ISO-8859-1");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(super) type Response = hyper::Response<Full<Bytes>>;

pub(super) async fn read_body(mut body: Incoming) -> Result<Vec<u8>, Response> {
    let too_large = || {
        let mut response = refusal(StatusCode::PAYLOAD_TOO_LARGE, "");
        let reason = ReasonPhrase::from_static(b"Content too large");
        response.extensions_mut().insert(reason);
        response
    };
    if body.size_hint().lower() > MAX_BODY_SIZE as u64 {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(refusal(StatusCode::BAD_REQUEST, ""));
        };
        // Trailers carry nothing we use.
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if data.len() > MAX_BODY_SIZE - bytes.len() {
            return Err(too_large());
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

pub(super) fn response(status: StatusCode, kind: HeaderValue, body: impl Into<Bytes>) -> Response {
    let mut response = hyper::Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    if status != StatusCode::NO_CONTENT {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response
}

pub(super) fn plain(status: StatusCode, text: &str) -> Response {
    response(status, PLAIN, text.to_owned())
}

/// An answer about the server's state, which nobody may keep.
pub(super) fn refusal(status: StatusCode, text: &str) -> Response {
    let mut response = plain(status, text);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(super) fn queue_full() -> Response {
    tracing::warn!(
        "Request rejected because http work queue depth exceeded, it can be increased with the \
         -rpcworkqueue= setting"
    );
    refusal(StatusCode::SERVICE_UNAVAILABLE, "Work queue depth exceeded")
}

pub(super) fn unauthorized() -> Response {
    let mut response = plain(StatusCode::UNAUTHORIZED, "");
    let realm = HeaderValue::from_static("Basic realm=\"jsonrpc\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, realm);
    response
}

pub(super) fn json_reply(reply: &Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match &reply.body {
        Some(body) => response(status, JSON, format!("{body}\n")),
        None => plain(status, ""),
    }
}
