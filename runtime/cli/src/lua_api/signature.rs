//! The parameters of a function.

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// A name of Lua; `...` for any number of values.
    pub(crate) name: String,
    /// True for one that may be left out.
    pub(crate) optional: bool,
}

/// The parameters of one form of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) parameters: Vec<Parameter>,
}

impl Signature {
    /// Parses the text between the parentheses, such as `definition, host?, ...`.
    pub(super) fn parse(text: &str) -> Signature {
        let parameters = text.split(',').map(str::trim).filter(|one| !one.is_empty());
        Signature {
            parameters: parameters.map(Parameter::parse).collect(),
        }
    }

    /// Returns the smallest number of arguments.
    pub(crate) fn least(&self) -> usize {
        self.parameters.iter().filter(|one| !one.optional).count()
    }

    /// Returns the largest number of arguments; `None` if there is none.
    pub(crate) fn most(&self) -> Option<usize> {
        let is_open = self.parameters.iter().any(Parameter::is_rest);
        (!is_open).then_some(self.parameters.len())
    }
}

impl Parameter {
    /// Parses `host?`, `...` or, for either of two things, `message or parts`.
    fn parse(text: &str) -> Parameter {
        let name = text.trim_end_matches('?');
        let is_rest = name == "...";
        Parameter {
            name: match name {
                "..." => name.to_owned(),
                // Words of Lua cannot name a parameter.
                "end" | "function" | "for" | "in" | "not" | "repeat" | "until" => {
                    format!("{name}_")
                }
                _ => name.replace(' ', "_"),
            },
            optional: is_rest || text.ends_with('?'),
        }
    }

    /// Tells whether it stands for any number of values.
    pub(crate) fn is_rest(&self) -> bool {
        self.name == "..."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted() {
        let bounds = |text: &str| {
            let signature = Signature::parse(text);
            (signature.least(), signature.most())
        };
        assert_eq!(bounds(""), (0, Some(0)));
        assert_eq!(bounds("definition, host?, ..."), (1, None));
        assert_eq!(bounds("list, pos?, value"), (2, Some(3)));
        let either = Signature::parse("message or parts");
        assert_eq!(either.parameters[0].name, "message_or_parts");
    }
}
