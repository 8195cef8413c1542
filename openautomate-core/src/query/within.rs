//! Pages of what is in some environments only, for those who may see no others.

use uuid::Uuid;

use super::{Page, PageRequest};
use crate::error::Result;
use crate::id::EnvironmentId;

/// A page over several environments: a page of each, put together newest first. Pages that follow each other by their
/// cursors have each item once.
///
/// # Errors
/// Those of `fetch`.
pub async fn merged<T, F, Fut>(
    environments: &[EnvironmentId],
    page: PageRequest,
    id: impl Fn(&T) -> Uuid,
    fetch: F,
) -> Result<Page<T>>
where
    F: Fn(EnvironmentId, PageRequest) -> Fut,
    Fut: Future<Output = Result<Page<T>>>,
{
    let (mut items, mut is_more) = (Vec::new(), false);
    for environment in environments {
        let found = fetch(*environment, page).await?;
        is_more |= found.next.is_some();
        items.extend(found.items);
    }
    items.sort_by_key(|item| std::cmp::Reverse(id(item)));
    let mut all = Page::from_overfetch(items, page.limit, &id);
    if is_more && all.next.is_none() {
        all.next = all.items.last().map(|last| super::Cursor(id(last)));
    }
    Ok(all)
}

/// A page of those that are to be seen, of a list that knows no environments. As many are read as it takes, so it is for
/// lists that are short.
///
/// # Errors
/// Those of `fetch`.
pub async fn sifted<T, F, Fut>(
    page: PageRequest,
    id: impl Fn(&T) -> Uuid,
    is_seen: impl Fn(&T) -> bool,
    fetch: F,
) -> Result<Page<T>>
where
    F: Fn(PageRequest) -> Fut,
    Fut: Future<Output = Result<Page<T>>>,
{
    let (mut items, mut after) = (Vec::new(), page.after);
    loop {
        let found = fetch(PageRequest::new(after, PageRequest::MAX)).await?;
        items.extend(found.items.into_iter().filter(&is_seen));
        after = found.next;
        if after.is_none() || items.len() > page.limit as usize {
            return Ok(Page::from_overfetch(items, page.limit, id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list as a store has it: newest first, by id.
    fn page_of(
        all: &[(Uuid, usize)],
        is_meant: impl Fn(usize) -> bool,
        page: PageRequest,
    ) -> Page<(Uuid, usize)> {
        let mut found: Vec<_> = all.iter().copied().filter(|(_, place)| is_meant(*place)).collect();
        found.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
        found.retain(|(id, _)| page.after.is_none_or(|after| *id < after.0));
        Page::from_overfetch(found, page.limit, |(id, _)| *id)
    }

    /// Rows in three environments, of which two are theirs, in an order that favours none.
    fn rows(count: usize) -> Vec<(Uuid, usize)> {
        (0..count).map(|number| (Uuid::now_v7(), number * 7 / 3 % 3)).collect()
    }

    async fn walk<Fut: Future<Output = Result<Page<(Uuid, usize)>>>>(
        limit: u32,
        fetch: impl Fn(PageRequest) -> Fut,
    ) -> Vec<(Uuid, usize)> {
        let (mut walked, mut after) = (Vec::new(), None);
        loop {
            let page = fetch(PageRequest::new(after, limit)).await.unwrap();
            assert!(page.items.len() <= limit as usize);
            assert!(page.next.is_none() || page.items.len() == limit as usize, "a short page is the last");
            walked.extend(page.items);
            after = page.next;
            if after.is_none() {
                return walked;
            }
        }
    }

    #[tokio::test]
    async fn pages_joined_are_all_rows_once_and_in_order() {
        let environments = [EnvironmentId::new(), EnvironmentId::new(), EnvironmentId::new()];
        let those = [environments[0], environments[2]];
        for count in [0, 1, 2, 3, 10, 41, 450] {
            let all = rows(count);
            let mut theirs: Vec<_> = all.iter().copied().filter(|(_, place)| *place != 1).collect();
            theirs.reverse();
            for limit in [1, 2, 3, 7, 50, 200] {
                let of_each = walk(limit, |page| {
                    merged(
                        &those,
                        page,
                        |row: &(Uuid, usize)| row.0,
                        |id, page| {
                            let place = environments.iter().position(|known| *known == id);
                            let found = page_of(&all, |row| Some(row) == place, page);
                            async move { Ok(found) }
                        },
                    )
                });
                assert_eq!(of_each.await, theirs, "{count} rows by {limit}");
                let of_all = walk(limit, |page| {
                    sifted(
                        page,
                        |row: &(Uuid, usize)| row.0,
                        |row| row.1 != 1,
                        |page| {
                            let found = page_of(&all, |_| true, page);
                            async move { Ok(found) }
                        },
                    )
                });
                assert_eq!(of_all.await, theirs, "{count} rows by {limit}");
            }
        }
    }

    #[tokio::test]
    async fn who_sees_no_environment_gets_an_empty_page() {
        let nothing = merged(&[], PageRequest::default(), |id: &Uuid| *id, |_, _| async { unreachable!() });
        assert_eq!(nothing.await.unwrap(), Page { items: vec![], next: None });
    }
}
