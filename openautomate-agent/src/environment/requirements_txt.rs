//! A `requirements.txt` with the files that it names.

use std::path::{Component, Path};

use super::requirement::{Files, is_local};

const MAX_FILES: usize = 32;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// How many distributions it names.
    pub(super) distributions: usize,
    /// It names something in the package itself.
    pub(super) is_local: bool,
}

/// Reads the file and those that it includes, all of them inside the package, into `files`.
pub(super) fn read(package: &Path, files: &mut Files) -> Result<Read, String> {
    let mut read = Read::default();
    let mut open = vec![("requirements.txt".to_owned(), true)];
    while let Some((name, counts)) = open.pop() {
        if files.has(&name) {
            continue;
        }
        if files.count() >= MAX_FILES {
            return Err(format!("requirements.txt includes more than {MAX_FILES} files; put them into one"));
        }
        let Some(text) = files.read(package, &name)? else {
            return Err(format!("{name} is named in the requirements and not in the package; add it"));
        };
        for line in logical_lines(&text) {
            match include(&line) {
                Some((target, is_constraint)) => {
                    open.push((resolved(&name, target)?, counts && !is_constraint));
                }
                None if line.starts_with("-e") || line.starts_with("--editable") => {
                    return Err(format!(
                        "{name} has an editable requirement; the package's own code is found without it, and \
                         environments are shared: remove the line"
                    ));
                }
                None => {
                    read.is_local |= is_local(&line);
                    read.distributions += usize::from(counts && !line.starts_with('-'));
                }
            }
        }
    }
    Ok(read)
}

/// Lines without comments, and joined where one ends in a backslash.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut joined = String::new();
    for line in text.lines() {
        if let Some(begun) = line.strip_suffix('\\') {
            joined.push_str(begun);
            continue;
        }
        joined.push_str(line);
        let line = uncommented(&joined).trim();
        if !line.is_empty() {
            lines.push(line.to_owned());
        }
        joined.clear();
    }
    let rest = uncommented(&joined).trim();
    if !rest.is_empty() {
        lines.push(rest.to_owned());
    }
    lines
}

/// A `#` begins a comment at the start or after a space; in a URL it is part of it.
fn uncommented(line: &str) -> &str {
    let starts = |(at, _): &(usize, &str)| *at == 0 || line[..*at].ends_with(char::is_whitespace);
    line.match_indices('#').find(starts).map_or(line, |(at, _)| &line[..at])
}

/// The file that a line includes, and whether as constraints.
fn include(line: &str) -> Option<(&str, bool)> {
    for (option, is_constraint) in
        [("--requirement", false), ("--constraint", true), ("-r", false), ("-c", true)]
    {
        if let Some(rest) = line.strip_prefix(option) {
            let is_long = option.starts_with("--");
            if is_long && !rest.starts_with(['=', ' ', '\t']) {
                continue;
            }
            let target = rest.trim_start_matches(['=', ' ', '\t']).trim();
            return (!target.is_empty()).then_some((target, is_constraint));
        }
    }
    None
}

/// The path in the package of what a file names relative to itself.
fn resolved(from: &str, target: &str) -> Result<String, String> {
    let refused = || {
        format!(
            "{from} includes {target:?}, which is no file in the package; include files of the package only"
        )
    };
    if target.contains("://") || target.contains('\\') {
        return Err(refused());
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in Path::new(target).components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => parts.push(name.to_str().ok_or_else(refused)?),
            Component::ParentDir => drop(parts.pop().ok_or_else(refused)?),
            Component::RootDir | Component::Prefix(_) => return Err(refused()),
        }
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> Result<(Read, Vec<String>), String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let mut found = Files::default();
        let read = read(folder.path(), &mut found)?;
        Ok((read, found.into_iter().map(|(name, _)| name).collect()))
    }

    #[test]
    fn lines_are_read_and_files_followed() {
        let text = "# a comment\nsix==1.0 \\\n  --hash=sha256:00\nx @ https://h/x.whl#sha256=0 # why\n-r more/a.txt\n--pre\n";
        let (read, names) = of(&[
            ("requirements.txt", text),
            ("more/a.txt", "-c ../limits.txt\nhumanize\n--requirement=b.txt"),
            ("more/b.txt", "-r ../requirements.txt\n"),
            ("limits.txt", "humanize<5\nattrs<30\n"),
        ])
        .unwrap();
        assert_eq!((read.distributions, read.is_local), (3, false));
        assert_eq!(names, ["requirements.txt", "more/a.txt", "more/b.txt", "limits.txt"]);
        assert!(of(&[("requirements.txt", "./vendor/x.whl")]).unwrap().0.is_local);
        assert!(of(&[("requirements.txt", "--find-links wheels/")]).unwrap().0.is_local);
        assert_eq!(of(&[("requirements.txt", "# none\n\n")]).unwrap().0.distributions, 0);
    }

    #[test]
    fn what_leaves_the_package_is_refused() {
        for text in
            ["-r ../x", "-r /etc/passwd", "-c https://h/x.txt", "-r a/../../x", "-e .", "-rmissing.txt"]
        {
            assert!(of(&[("requirements.txt", text)]).is_err(), "{text}");
        }
    }

    #[test]
    fn files_are_bounded() {
        let many: Vec<(String, String)> =
            (0..40).map(|n| (format!("r{n}.txt"), format!("-r r{}.txt", n + 1))).collect();
        let mut files: Vec<(&str, &str)> = many.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
        files.push(("requirements.txt", "-r r0.txt"));
        assert!(of(&files).unwrap_err().contains("more than 32"));
        let big = "#".repeat(3 * 1024 * 1024);
        assert!(of(&[("requirements.txt", &big)]).unwrap_err().contains("larger"));
    }
}
