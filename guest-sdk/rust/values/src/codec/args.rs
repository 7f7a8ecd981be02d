//! Arguments of a new process, one by one or several at once.

use serde::Serialize;

use super::convert::to_value;
use super::failure::CodecError;
use crate::msgpack::{Full, MAX_MESSAGE, Output};

/// The arguments of a new process, encoded in their order.
///
/// ```
/// use warren_values::ArgList;
///
/// let mut list = ArgList::new();
/// list.push(&"a.png")?;
/// list.push(&[640, 480])?; // one argument: a list of two numbers
/// assert_eq!(list.len(), 2);
/// # Ok::<(), warren_values::CodecError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArgList {
    /// The encoded values, one behind the other.
    values: Vec<u8>,
    len: u32,
}

impl ArgList {
    /// Returns an empty list.
    pub const fn new() -> Self {
        ArgList {
            values: Vec::new(),
            len: 0,
        }
    }

    /// Returns the number of arguments.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Returns whether there is no argument.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends one argument: any value, also a tuple or a list.
    ///
    /// # Errors
    ///
    /// As [`to_value`], with the number of the argument in the path, counted from 0. The
    /// list is as it was.
    pub fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
        let append = |list: &mut ArgList| -> Result<(), CodecError> {
            let value = to_value(value)?;
            let value = value.as_slice();
            if list.values.len() + value.len() > MAX_MESSAGE {
                return Err(Full::Limit.into());
            }
            let room = list.values.try_reserve(value.len());
            room.map_err(|_| Full::Memory)?;
            list.values.extend_from_slice(value);
            Ok(())
        };
        append(self).map_err(|error| error.at_index(self.len()))?;
        self.len += 1;
        Ok(())
    }

    /// Returns the list as one encoded array.
    ///
    /// # Errors
    ///
    /// The array would have more bytes than a message may have, or there is no memory for
    /// it.
    pub fn encode(&self) -> Result<Output, CodecError> {
        let mut out = Output::new();
        out.array(self.len)?;
        out.raw(&self.values)?;
        Ok(out)
    }
}

/// Several arguments at once.
///
/// A tuple is as many arguments as it has elements, and `()` none. An array, a slice or a
/// `Vec` also is as many arguments as it has elements. Any other value is one argument, which
/// [`ArgList::push`] appends; a list that is to arrive as one argument goes there, too.
///
/// ```
/// use warren_values::{ArgList, ToArgs};
///
/// let mut list = ArgList::new();
/// ("a.png", 640).append_to(&mut list)?;
/// assert_eq!(list.len(), 2);
/// vec![1, 2, 3].append_to(&mut list)?;
/// assert_eq!(list.len(), 5);
/// # Ok::<(), warren_values::CodecError>(())
/// ```
pub trait ToArgs {
    /// Appends the arguments to a list.
    ///
    /// # Errors
    ///
    /// As [`ArgList::push`]. Arguments before the wrong one were appended.
    fn append_to(&self, list: &mut ArgList) -> Result<(), CodecError>;
}

impl<T: ToArgs + ?Sized> ToArgs for &T {
    fn append_to(&self, list: &mut ArgList) -> Result<(), CodecError> {
        (**self).append_to(list)
    }
}

impl<T: Serialize> ToArgs for [T] {
    fn append_to(&self, list: &mut ArgList) -> Result<(), CodecError> {
        self.iter().try_for_each(|value| list.push(value))
    }
}

impl<T: Serialize, const N: usize> ToArgs for [T; N] {
    fn append_to(&self, list: &mut ArgList) -> Result<(), CodecError> {
        self.as_slice().append_to(list)
    }
}

impl<T: Serialize> ToArgs for Vec<T> {
    fn append_to(&self, list: &mut ArgList) -> Result<(), CodecError> {
        self.as_slice().append_to(list)
    }
}

impl ToArgs for () {
    fn append_to(&self, _list: &mut ArgList) -> Result<(), CodecError> {
        Ok(())
    }
}

macro_rules! tuples {
    ($($($element:ident)+;)*) => { $(
        impl<$($element: Serialize),+> ToArgs for ($($element,)+) {
            #[expect(non_snake_case, reason = "a variable has the name of its type")]
            fn append_to(&self, list: &mut ArgList) -> Result<(), CodecError> {
                let ($($element,)+) = self;
                $(list.push($element)?;)+
                Ok(())
            }
        }
    )* };
}

// As many as the standard library has implementations for.
tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
    A B C D E F G H I;
    A B C D E F G H I J;
    A B C D E F G H I J K;
    A B C D E F G H I J K L;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Value, from_values};

    fn encoded(args: impl ToArgs) -> Vec<u8> {
        let mut list = ArgList::new();
        args.append_to(&mut list).unwrap();
        list.encode().unwrap().as_slice().to_vec()
    }

    // The borrows are what is tested.
    #[allow(clippy::needless_borrows_for_generic_args)]
    #[test]
    fn each_element_is_an_argument() {
        assert_eq!(encoded(()), b"\x90");
        assert_eq!(encoded((1,)), b"\x91\x01");
        assert_eq!(encoded((1, "a")), b"\x92\x01\xa1a");
        assert_eq!(encoded(&(1, "a")), b"\x92\x01\xa1a");
        for three in [
            encoded([1, 2, 3]),
            encoded(&[1, 2, 3]),
            encoded(&[1, 2, 3][..]),
            encoded(vec![1, 2, 3]),
            encoded(&vec![1, 2, 3]),
            encoded((1, 2, 3)),
        ] {
            assert_eq!(three, b"\x93\x01\x02\x03");
        }
        assert_eq!(encoded([Value::Nil]), b"\x91\xc0");
        assert_eq!(encoded(((1, 2),)), b"\x91\x92\x01\x02");
    }

    #[test]
    fn a_pushed_list_is_one_argument() {
        let mut list = ArgList::new();
        assert!(list.is_empty());
        list.push(&[1, 2]).unwrap();
        list.push(&vec![1, 2]).unwrap();
        list.push(&(1, 2)).unwrap();
        list.push(&()).unwrap();
        let array = list.encode().unwrap();
        assert_eq!(
            array.as_slice(),
            b"\x94\x92\x01\x02\x92\x01\x02\x92\x01\x02\xc0"
        );
        type Read = (Vec<u8>, Vec<u8>, (u8, u8), Option<u8>);
        let read: Read = from_values(array.as_slice()).unwrap();
        assert_eq!(read, (vec![1, 2], vec![1, 2], (1, 2), None));
    }

    #[test]
    fn a_wrong_argument_is_named_and_left_out() {
        let mut list = ArgList::new();
        list.push(&1).unwrap();
        let error = list.push(&(1, u64::MAX)).unwrap_err();
        assert!(error.to_string().starts_with("[1][1]: 1844"), "{error}");
        let error = list.push(&"x".repeat(MAX_MESSAGE)).unwrap_err();
        assert!(error.to_string().starts_with("[1]: "), "{error}");
        assert_eq!(list.encode().unwrap().as_slice(), b"\x91\x01");
    }

    #[test]
    fn many_arguments_end_at_the_length_of_a_message() {
        let mut list = ArgList::new();
        let kibibyte = "x".repeat(1_000);
        let mut pushed = 0;
        while list.push(&kibibyte).is_ok() {
            pushed += 1;
        }
        assert!(pushed > 1_000 && pushed < 1_100, "{pushed}");
    }
}
