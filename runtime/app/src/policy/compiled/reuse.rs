//! The reuse of a statement's answers.

use cedar_policy::Policy;
use warren_engine::security::Reuse;

/// Returns the subjects for which an answer may be reused. A statement that
/// looks at more of its caller than actor, scope and context values answers for
/// that process alone.
pub(super) fn reuse(policy: &Policy) -> Reuse {
    match policy.to_json() {
        Ok(json) if !looks_at_caller(&json) => Reuse::Subject,
        _ => Reuse::Caller,
    }
}

/// Returns whether an expression uses `context` in another way than
/// `context.values` and `context.attributes`, which are part of the subject and
/// of the question.
fn looks_at_caller(json: &serde_json::Value) -> bool {
    use serde_json::Value;
    match json {
        Value::Object(fields) => {
            if fields.get("Var").and_then(Value::as_str) == Some("context") {
                return true;
            }
            fields.iter().any(|(key, value)| {
                let harmless = matches!(key.as_str(), "." | "has")
                    && value["left"]["Var"].as_str() == Some("context")
                    && matches!(value["attr"].as_str(), Some("values" | "attributes"));
                !harmless && looks_at_caller(value)
            })
        }
        Value::Array(elements) => elements.iter().any(looks_at_caller),
        _ => false,
    }
}
