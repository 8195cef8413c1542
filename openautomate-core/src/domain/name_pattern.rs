//! Patterns of file names, as shells have them: `*` for any characters, `?` for one, `[a-z]` and `[!a-z]` for one of
//! some.

/// One place of a pattern.
#[derive(Debug)]
enum Part {
    Any,
    One,
    Is(char),
    /// One of these ranges, or none of them.
    Among(bool, Vec<(char, char)>),
}

impl Part {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Any => false,
            Self::One => true,
            Self::Is(own) => *own == c,
            Self::Among(wanted, ranges) => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) == *wanted
            }
        }
    }
}

fn parsed(pattern: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        parts.push(match c {
            '*' => Part::Any,
            '?' => Part::One,
            '[' => {
                let wanted = rest.next_if_eq(&'!').is_none();
                let mut ranges = Vec::new();
                loop {
                    let from = rest.next()?;
                    // The first one is a character of the set, whatever it is.
                    if from == ']' && !ranges.is_empty() {
                        break;
                    }
                    let mut ahead = rest.clone();
                    let is_range = ahead.next() == Some('-') && ahead.peek().is_some_and(|c| *c != ']');
                    let to = if is_range {
                        rest.next();
                        rest.next()?
                    } else {
                        from
                    };
                    ranges.push((from, to));
                }
                Part::Among(wanted, ranges)
            }
            c => Part::Is(c),
        });
    }
    Some(parts)
}

/// A pattern of names, read once.
#[derive(Debug)]
pub struct NamePattern(Vec<Part>);

impl NamePattern {
    /// Reads a pattern; `None` if a set is not closed.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        parsed(pattern).map(Self)
    }

    /// Reads a pattern that was checked; one that is none takes nothing but the empty name.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self::parse(pattern).unwrap_or(Self(Vec::new()))
    }

    /// Whether a name is one of those. It takes no longer than the product of both lengths.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let (parts, name): (_, Vec<char>) = (&self.0, name.chars().collect());
        let (mut part, mut at) = (0, 0);
        // Where to go on after the last star, should what follows not fit.
        let mut again: Option<(usize, usize)> = None;
        while at < name.len() {
            match parts.get(part) {
                Some(Part::Any) => {
                    again = Some((part + 1, at));
                    part += 1;
                }
                Some(own) if own.takes(name[at]) => {
                    part += 1;
                    at += 1;
                }
                _ => match again {
                    Some((after, from)) => {
                        again = Some((after, from + 1));
                        (part, at) = (after, from + 1);
                    }
                    None => return false,
                },
            }
        }
        parts[part..].iter().all(|part| matches!(part, Part::Any))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_shells() {
        for (pattern, yes, no) in [
            ("*", &["a", "", "ü.txt"][..], &[][..]),
            ("*.csv", &["a.csv", ".csv", "a.b.csv"], &["a.csv.part", "csv", "a.CSV"]),
            ("in?.[ct]sv", &["in1.csv", "inü.tsv"], &["in.csv", "in12.csv", "in1.xsv"]),
            ("[!.]*", &["a"], &[".hidden", ""]),
            ("a*b*c", &["abc", "aXbYc", "abbcc"], &["ab", "acb", "abcd"]),
            ("[]-]x", &["]x", "-x"], &["ax"]),
            ("[a-c-]", &["b", "-"], &["d"]),
        ] {
            let pattern = NamePattern::new(pattern);
            assert!(yes.iter().all(|name| pattern.matches(name)), "{pattern:?}");
            assert!(!no.iter().any(|name| pattern.matches(name)), "{pattern:?}");
        }
        assert!(
            !NamePattern::new(&"*a".repeat(100)).matches(&"a".repeat(99)),
            "and it does not take for ever"
        );
    }
}
