//! Numbers, compared by their values: 1 equals 1.0.

use std::cmp::Ordering;

use super::tree::Node;

/// Compares two nodes that are numbers; `None` for others.
pub(super) fn compare(a: &Node, b: &Node) -> Option<Ordering> {
    Some(match (a, b) {
        (Node::Integer(a), Node::Integer(b)) => a.cmp(b),
        (Node::Float(a), Node::Float(b)) => a.partial_cmp(b)?,
        (Node::Integer(a), Node::Float(b)) => with_float(*a, *b),
        (Node::Float(a), Node::Integer(b)) => with_float(*b, *a).reverse(),
        _ => return None,
    })
}

/// Compares an integer with a float, exactly.
fn with_float(integer: i64, float: f64) -> Ordering {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if float >= BEYOND {
        return Ordering::Less;
    }
    if float < -BEYOND {
        return Ordering::Greater;
    }
    // Within the range the whole part of a float is an integer.
    let whole = float.trunc();
    integer
        .cmp(&(whole as i64))
        .then_with(|| whole.partial_cmp(&float).unwrap_or(Ordering::Equal))
}

/// Returns the value as an integer, if it is whole and 64 bits hold it.
pub(super) fn whole(number: &Node) -> Option<i64> {
    match number {
        Node::Integer(integer) => Some(*integer),
        Node::Float(float) => {
            let integer = *float as i64;
            (with_float(integer, *float) == Ordering::Equal).then_some(integer)
        }
        _ => None,
    }
}

/// Returns true for a number without a fraction.
pub(super) fn is_whole(number: &Node) -> bool {
    match number {
        Node::Integer(_) => true,
        Node::Float(float) => float.fract() == 0.0,
        _ => false,
    }
}

/// Tells whether a number is a multiple of a positive number. Both count as the decimal
/// numbers that they are written as: 0.3 is a multiple of 0.1.
pub(super) fn is_multiple(number: &Node, of: &Node) -> bool {
    let (Some((a, x)), Some((b, y))) = (decimal(number), decimal(of)) else {
        return false;
    };
    if a == 0 {
        return true;
    }
    if b == 0 {
        return false;
    }
    // a * 10^x is a multiple of b * 10^y?
    match u32::try_from(x - y) {
        Ok(shift) => {
            let rest = (0..shift).fold(a % b, |rest, _| rest * 10 % b);
            rest == 0
        }
        Err(_) => match 10_u128
            .checked_pow((y - x).unsigned_abs())
            .and_then(|power| b.checked_mul(power))
        {
            Some(divisor) => a % divisor == 0,
            // The divisor is greater than `a`.
            None => false,
        },
    }
}

/// Returns the digits of a number, without its sign, and the power of ten that they are
/// multiplied by.
fn decimal(number: &Node) -> Option<(u128, i32)> {
    match number {
        Node::Integer(integer) => Some((integer.unsigned_abs().into(), 0)),
        Node::Float(float) => {
            // The shortest digits that read back the same, 17 at most.
            let shown = format!("{:e}", float.abs());
            let (digits, exponent) = shown.split_once('e')?;
            let exponent: i32 = exponent.parse().ok()?;
            let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
            let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
            Some((digits, exponent - i32::try_from(fraction.len()).ok()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Node::{Float, Integer};

    #[test]
    fn numbers_compare_by_their_values() {
        let big = 9_007_199_254_740_993_i64;
        for (a, b, order) in [
            (Integer(1), Float(1.0), Ordering::Equal),
            (Integer(1), Float(1.5), Ordering::Less),
            (Integer(-1), Float(-1.5), Ordering::Greater),
            (Integer(big), Float(big as f64), Ordering::Greater),
            (Integer(i64::MAX), Float(i64::MAX as f64), Ordering::Less),
            (Integer(i64::MIN), Float(i64::MIN as f64), Ordering::Equal),
            (Integer(0), Float(-1e300), Ordering::Greater),
            (Float(0.0), Integer(-0), Ordering::Equal),
        ] {
            assert_eq!(compare(&a, &b), Some(order), "{a:?} {b:?}");
            assert_eq!(compare(&b, &a), Some(order.reverse()));
        }
        assert_eq!(compare(&Integer(1), &Node::Null), None);
        assert_eq!(whole(&Float(3.0)), Some(3));
        assert_eq!(whole(&Float(3.5)), None);
        assert_eq!(whole(&Float(1e19)), None);
        assert!(is_whole(&Float(1e300)));
    }

    #[test]
    fn multiples_are_those_of_decimal_numbers() {
        for (number, of, expected) in [
            (Float(0.0075), Float(0.0001), true),
            (Float(0.00751), Float(0.0001), false),
            (Float(4.5), Float(1.5), true),
            (Float(0.3), Float(0.1), true),
            (Integer(7), Integer(2), false),
            (Integer(-8), Integer(2), true),
            (Integer(0), Float(0.5), true),
            (Float(1e308), Float(0.123_456_789), false),
            (Float(1e308), Integer(2), true),
            (Float(12_391_239_123.0), Float(1e-8), true),
            (Float(5e-324), Float(1e300), false),
            (Integer(i64::MIN), Integer(i64::MAX), false),
        ] {
            assert_eq!(is_multiple(&number, &of), expected, "{number:?} {of:?}");
        }
    }
}
