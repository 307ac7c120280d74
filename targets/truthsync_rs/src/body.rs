//! Request bodies.

use axum::body::Body;
use axum::http::StatusCode;
use http_body_util::BodyExt;
use serde_json::Value;
use serde_json::error::Category;

use crate::answers::BadRequest;

/// How far a body that is too long is read all the same, as a multiple of what is allowed: a
/// client that sends all of it before it reads would otherwise find its connection reset.
const PATIENCE: usize = 4;

/// Returns the document in a body of at most `most` bytes.
pub async fn read_json(body: Body, most: usize) -> Result<Value, BadRequest> {
    let bytes = read(body, most).await?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let nested = error.classify() == Category::Syntax
            && error.to_string().starts_with("recursion limit exceeded");
        let message = if nested {
            "the body is nested too deeply".to_owned()
        } else {
            format!("the body is not JSON: {error}")
        };
        BadRequest::new(StatusCode::BAD_REQUEST, message)
    })
}

async fn read(mut body: Body, most: usize) -> Result<Vec<u8>, BadRequest> {
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            let message = "the client went away";
            return Err(BadRequest::new(StatusCode::BAD_REQUEST, message));
        };
        let Ok(part) = frame.into_data() else {
            continue;
        };
        length += part.len();
        if length > most * PATIENCE {
            break;
        }
        if length <= most {
            bytes.extend_from_slice(&part);
        }
    }
    if length > most {
        return Err(BadRequest::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body has more than {most} bytes"),
        ));
    }
    Ok(bytes)
}
