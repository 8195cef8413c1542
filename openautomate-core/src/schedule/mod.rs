//! When a schedule is due: crontab lines, time zones, and what was missed.
//!
//! Everything here is a pure function of its arguments: no clock, no store. That is why any number of
//! servers agree on the due times, and the unique key (schedule, due time) can decide who fires.
//!
//! | module | holds |
//! |---|---|
//! | `cron` | the crontab dialect and its wall-clock times |
//! | `next_fire` | wall-clock times to instants: time zones, gaps and overlaps |
//! | `working_days` | calendars: days without work, and where their due times go |
//! | `icalendar`, `calendar_csv` | days without work out of files |
//! | `clock_change` | the next changes of the clocks, and what they do |
//! | `jitter` | how long after its due time a schedule fires |
//! | `count` | how many due times lie in a stretch of time |
//! | `misfire` | due times that passed while no server looked |
//! | `overlap` | due times that come while the last execution still runs |

mod calendar_csv;
mod clock_change;
mod count;
mod cron;
mod day;
mod field;
mod icalendar;
mod jitter;
mod misfire;
mod next_fire;
mod overlap;
#[cfg(test)]
mod tests;
mod working_days;

pub use self::calendar_csv::read_calendar_csv;
pub use self::clock_change::{ClockChange, ClockChangeEffect};
pub use self::cron::{CronExpression, MAX_EXPRESSION_CHARS};
pub use self::icalendar::{MAX_CALENDAR_FILE_BYTES, read_icalendar};
pub use self::jitter::{MAX_JITTER, jitter};
pub use self::misfire::{
    CatchUp, CatchUpLimits, DEFAULT_CATCHUP_WINDOW, DEFAULT_MAX_CATCHUP, DEFAULT_MISFIRE_THRESHOLD,
    MAX_CATCHUP, MAX_CATCHUP_WINDOW, MIN_CATCHUP_WINDOW, MisfirePolicy,
};
pub use self::next_fire::{DstGap, DstOverlap, FireTimes, parse_zone, zone_database_version};
pub use self::overlap::OverlapPolicy;
pub use self::working_days::{CalendarRule, CalendarUse, DayOff, MAX_DAY_NAME_CHARS, WorkingDays};
