//! `/api/calendars`: days without work, which schedules look at.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc, Weekday};
use openautomate_core::Error;
use openautomate_core::command::calendar::{
    CalendarSettings, CreateCalendar, DeleteCalendar, UpdateCalendar,
};
use openautomate_core::domain::Calendar;
use openautomate_core::id::{CalendarId, UserId};
use openautomate_core::schedule::{DayOff, read_calendar_csv, read_icalendar};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{
    Body, Can, CanSomewhere, IdempotencyKey, IfMatch, Listed, PageParams, PageQuery, Path, Tagged, may,
    revision_of,
};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get, update, delete))
}

/// A day without work.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = DayOff)]
struct DayView {
    /// The day, or the first of those that come every year.
    date: NaiveDate,
    /// What people call it.
    #[serde(default)]
    name: String,
    /// Whether it comes every year.
    #[serde(default)]
    yearly: bool,
    /// The last day on which it may come, if it comes every year and not for ever.
    #[serde(default)]
    until: Option<NaiveDate>,
}

impl From<DayView> for DayOff {
    fn from(day: DayView) -> Self {
        let DayView { date, name, yearly, until } = day;
        Self { date, name, yearly, until }
    }
}

impl From<DayOff> for DayView {
    fn from(day: DayOff) -> Self {
        let DayOff { date, name, yearly, until } = day;
        Self { date, name, yearly, until }
    }
}

/// What a calendar shall be. Its days come in one of three ways; with none of them only the weekend is off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CalendarRequest {
    /// For changes: the revision that the caller saw; or give it as `If-Match`.
    #[serde(default)]
    revision: Option<i64>,
    /// The name, unique without regard to case.
    name: String,
    /// The weekdays without work, as in `saturday`; not all seven.
    #[serde(default)]
    weekend: Vec<String>,
    /// The days.
    #[serde(default)]
    days: Option<Vec<DayView>>,
    /// The text of an iCalendar file: its whole-day events, once or every year.
    #[serde(default)]
    icalendar: Option<String>,
    /// The text of a CSV file: a date, a name and `yearly` in each line.
    #[serde(default)]
    csv: Option<String>,
}

impl CalendarRequest {
    fn into_settings(self) -> Result<CalendarSettings, Error> {
        let weekend = self.weekend.iter().enumerate().map(|(index, name)| {
            let wrong = || Error::invalid_field(format!("weekend.{index}"), "is no weekday, as in saturday");
            name.parse::<Weekday>().map_err(|_| wrong())
        });
        let weekend = weekend.collect::<Result<_, Error>>()?;
        let days = match (self.days, self.icalendar, self.csv) {
            (days, None, None) => days.unwrap_or_default().into_iter().map(DayOff::from).collect(),
            (None, Some(text), None) => read_icalendar(&text)?,
            (None, None, Some(text)) => read_calendar_csv(&text)?,
            _ => {
                let message =
                    "is given beside icalendar or csv, or these two together; give one of the three";
                return Err(Error::invalid_field("days", message));
            }
        };
        Ok(CalendarSettings { name: self.name, weekend, days })
    }
}

/// A calendar in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CalendarSummary)]
struct CalendarSummaryView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: CalendarId,
    /// The name.
    name: String,
    /// The weekdays without work.
    weekend: Vec<&'static str>,
    /// How many other days without work it has; one that comes every year counts once.
    day_count: usize,
    /// Who changed it last.
    #[schema(value_type = Uuid)]
    updated_by: UserId,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
    /// Raised with each change, and when a schedule begins to use it; the ETag.
    revision: i64,
}

/// A calendar.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Calendar)]
struct CalendarView {
    #[serde(flatten)]
    summary: CalendarSummaryView,
    /// The other days without work, by date.
    days: Vec<DayView>,
}

impl From<Calendar> for CalendarView {
    fn from(calendar: Calendar) -> Self {
        let summary = CalendarSummaryView {
            id: calendar.id,
            name: calendar.name,
            weekend: calendar.weekend.into_iter().map(weekday).collect(),
            day_count: calendar.days.len(),
            updated_by: calendar.updated_by,
            created_at: calendar.created_at,
            updated_at: calendar.updated_at,
            revision: calendar.revision,
        };
        Self { summary, days: calendar.days.into_iter().map(DayView::from).collect() }
    }
}

const fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "monday",
        Weekday::Tue => "tuesday",
        Weekday::Wed => "wednesday",
        Weekday::Thu => "thursday",
        Weekday::Fri => "friday",
        Weekday::Sat => "saturday",
        Weekday::Sun => "sunday",
    }
}

/// Makes a calendar.
#[utoipa::path(post, path = "/api/calendars", tag = "schedules", request_body = CalendarRequest,
    responses((status = 201, description = "The calendar.", body = CalendarView)))]
async fn create(
    State(state): State<AppState>,
    Can(actor, _): Can<may::ManageCalendars>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<CalendarRequest>,
) -> Result<Response, Problem> {
    if value.revision.is_some() {
        return Err(Error::invalid_field("revision", "is for changes; a new calendar has none").into());
    }
    let command = CreateCalendar { settings: value.into_settings()? };
    let calendar = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    let location = format!("/api/calendars/{}", calendar.id);
    Ok(super::created(&location, Tagged::new(calendar.revision, CalendarView::from(calendar))))
}

/// Lists calendars, without their days.
#[utoipa::path(get, path = "/api/calendars", tag = "schedules", params(PageParams),
    responses((status = 200, description = "A page of calendars.", body = Listed<CalendarSummaryView>)))]
async fn list(
    State(state): State<AppState>,
    _: CanSomewhere<may::ReadSchedules>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<CalendarSummaryView>>, Problem> {
    let page = state.orchestrator().store().calendars(page).await?;
    Ok(Json(page.map(|calendar| CalendarView::from(calendar).summary).into()))
}

/// Shows a calendar.
#[utoipa::path(get, path = "/api/calendars/{id}", tag = "schedules",
    params(("id" = Uuid, Path, description = "The calendar.")),
    responses((status = 200, description = "The calendar.", body = CalendarView),
        (status = 304, description = "Unchanged.")))]
async fn get(
    State(state): State<AppState>,
    _: CanSomewhere<may::ReadSchedules>,
    Path(id): Path<CalendarId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let calendar = state.orchestrator().store().calendar(id).await?;
    let calendar = calendar.ok_or_else(|| Error::not_found("calendar", id))?;
    Ok(Tagged::new(calendar.revision, CalendarView::from(calendar)).unless_known(&headers))
}

/// Replaces a calendar. The schedules that use it are due anew from this moment; what was decided on stays.
#[utoipa::path(put, path = "/api/calendars/{id}", tag = "schedules",
    params(("id" = Uuid, Path, description = "The calendar.")), request_body = CalendarRequest,
    responses((status = 200, description = "The calendar.", body = CalendarView)))]
async fn update(
    State(state): State<AppState>,
    Can(actor, _): Can<may::ManageCalendars>,
    Path(id): Path<CalendarId>,
    if_match: IfMatch,
    Body { value, .. }: Body<CalendarRequest>,
) -> Result<Tagged<CalendarView>, Problem> {
    let revision = revision_of(if_match, value.revision)?;
    let command = UpdateCalendar { id, revision, settings: value.into_settings()? };
    let calendar = state.orchestrator().execute(&actor, command).await?;
    Ok(Tagged::new(calendar.revision, calendar.into()))
}

/// Removes a calendar that no schedule uses.
#[utoipa::path(delete, path = "/api/calendars/{id}", tag = "schedules",
    params(("id" = Uuid, Path, description = "The calendar.")),
    responses((status = 204, description = "Removed.")))]
async fn delete(
    State(state): State<AppState>,
    Can(actor, _): Can<may::ManageCalendars>,
    Path(id): Path<CalendarId>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, DeleteCalendar { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
