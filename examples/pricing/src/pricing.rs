//! The capability `pricing`: one operation, for guests of all languages.

use serde::Serialize;
use warren::capability::{Answer, Caller, Capability, Step};
use warren::{Error, values};

/// Prices of a shop.
#[derive(Debug)]
pub(crate) struct Pricing;

/// The answer of `pricing.quote`: a map here, and the record `price` of the WIT.
#[derive(Serialize)]
struct Price {
    cents: u64,
    unit_name: &'static str,
}

impl Capability for Pricing {
    fn name(&self) -> &str {
        "pricing"
    }

    /// A component imports this interface, and its own WIT has the types.
    fn interface(&self) -> Option<&str> {
        Some("shop:pricing/quotes@0.1.0")
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        match operation {
            "quote" => Step::Done(quote(caller, request)),
            _ => Step::Unknown,
        }
    }
}

/// `pricing.quote(item, amount)`.
fn quote(caller: &mut dyn Caller, request: &[u8]) -> Answer {
    let (item, amount): (String, u32) =
        values::from_value(request).map_err(|error| Error::invalid(error.to_string()))?;
    // A policy may deny it. Without policies, everything is permitted.
    caller.permit("pricing.quote", &item, &[])?;
    let (cents, unit_name) = match item.as_str() {
        "tea" => (120, "bag"),
        "milk" => (95, "litre"),
        _ => {
            let message = format!("the shop has no {item}");
            return Err(Error::not_found(message).retryable(false));
        }
    };
    let price = Price {
        cents: cents * u64::from(amount),
        unit_name,
    };
    let price = values::to_value(&price).map_err(|error| Error::internal(error.to_string()))?;
    Ok(price.as_slice().to_vec())
}
