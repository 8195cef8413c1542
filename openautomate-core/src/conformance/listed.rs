//! Whether the list of a suite's cases is whole.

/// Of each group: its name, its source, the cases that are listed.
pub(super) type Groups = &'static [(&'static str, &'static str, &'static [&'static str])];

/// Every case that a group's file has for this fixture is listed, in the order of the file.
pub(super) fn every_case_is_listed(groups: Groups, fixture: &str) {
    let of_fixture = format!("<F: {fixture}>");
    for (group, source, listed) in groups {
        let written: Vec<&str> = source
            .lines()
            .filter_map(|line| line.strip_prefix("pub async fn ")?.split_once(&*of_fixture))
            .map(|(name, _)| name)
            .collect();
        assert_eq!(&written, listed, "the cases of {group}, in the order of its file");
    }
}
