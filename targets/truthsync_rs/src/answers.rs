//! Answers: JSON documents, and what to say to a request that the client must change.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The status to answer with, and what is wrong.
#[derive(Debug)]
pub struct BadRequest {
    pub status: StatusCode,
    pub message: String,
}

impl BadRequest {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, message }
    }

    /// A claim, or claims, that are not what they should be.
    pub fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }
}

impl IntoResponse for BadRequest {
    fn into_response(self) -> Response {
        (self.status, json_answer(&json!({"error": self.message}))).into_response()
    }
}

/// Returns a document as an answer.
pub fn json_answer(document: &Value) -> Response {
    (
        [(CONTENT_TYPE, "application/json")],
        Body::from(document.to_string()),
    )
        .into_response()
}
