//! Finds the claims in a request's document.

use axum::http::StatusCode;
use serde_json::Value;

use crate::answers::BadRequest;

pub const MAX_CLAIM_CHARACTERS: usize = 2_000;

/// Returns the claim of `{"claim": "..."}`.
pub fn claim_of(document: &Value) -> Result<&str, BadRequest> {
    checked(member(document, "claim")?, "claim")
}

/// Returns the claims of `{"claims": ["...", ...]}`, at most `most` of them.
pub fn claims_of(document: &Value, most: usize) -> Result<Vec<&str>, BadRequest> {
    let Value::Array(claims) = member(document, "claims")? else {
        return Err(BadRequest::unprocessable(
            r#""claims" must be a list of texts"#,
        ));
    };
    if claims.is_empty() {
        return Err(BadRequest::unprocessable(r#""claims" is empty"#));
    }
    if claims.len() > most {
        return Err(BadRequest::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!(
                "{} claims in a batch; at most {most} are allowed",
                claims.len()
            ),
        ));
    }
    claims
        .iter()
        .enumerate()
        .map(|(index, claim)| checked(claim, &format!("claims[{index}]")))
        .collect()
}

fn member<'a>(document: &'a Value, name: &str) -> Result<&'a Value, BadRequest> {
    let Value::Object(members) = document else {
        return Err(BadRequest::new(
            StatusCode::BAD_REQUEST,
            "the body must be a JSON object",
        ));
    };
    members
        .get(name)
        .ok_or_else(|| BadRequest::unprocessable(format!(r#""{name}" is missing"#)))
}

fn checked<'a>(claim: &'a Value, place: &str) -> Result<&'a str, BadRequest> {
    let Value::String(text) = claim else {
        return Err(BadRequest::unprocessable(format!(
            r#""{place}" must be text"#
        )));
    };
    if text.trim().is_empty() {
        return Err(BadRequest::unprocessable(format!(r#""{place}" is empty"#)));
    }
    let characters = text.chars().count();
    if characters > MAX_CLAIM_CHARACTERS {
        return Err(BadRequest::unprocessable(format!(
            r#""{place}" has {characters} characters; at most {MAX_CLAIM_CHARACTERS} are allowed"#
        )));
    }
    Ok(text)
}
