use openautomate_core::domain::Role;
use serde_json::json;

use crate::server::{TestServer, problem, read, text};

#[tokio::test]
async fn a_calendar_lives_and_is_used() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let feed = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:New Year\r\n\
                END:VEVENT\r\nEND:VCALENDAR\r\n";
    let body = json!({"name": "Holidays", "weekend": ["saturday", "Sunday"], "icalendar": feed});
    let made = server.post("/api/calendars", &admin.token, &body).send().await.unwrap();
    let path = made.headers()["location"].to_str().unwrap().to_owned();
    let made = read(made, 201).await;
    assert_eq!(made["weekend"], json!(["saturday", "sunday"]));
    let new_year = json!([{"date": "2026-01-01", "name": "New Year", "yearly": true, "until": null}]);
    assert_eq!((&made["days"], &made["dayCount"]), (&new_year, &json!(1)));
    problem(server.post("/api/calendars", &admin.token, &body).send().await.unwrap(), 409).await;

    // New Year's Day never comes: with the rule `skip` nothing would ever run.
    let package = server.package(&admin.token, "hello").await;
    let schedule = |rule: &str| json!({"packageId": package, "cronExpression": "0 9 1 1 *", "calendarId": made["id"], "calendarRule": rule});
    let refused = server.post("/api/schedules", &admin.token, &schedule("skip")).send().await.unwrap();
    assert_eq!(problem(refused, 422).await["field"], "calendarId");
    let saved =
        read(server.post("/api/schedules", &admin.token, &schedule("runAfter")).send().await.unwrap(), 201)
            .await;
    assert!(!text(&saved["nextDue"]).contains("-01-01T"), "{saved}");
    let tried = json!({"cronExpression": "0 9 1 1 *", "calendarId": made["id"], "calendarRule": "runAfter", "count": 1});
    let tried =
        read(server.post("/api/schedules/preview", &admin.token, &tried).send().await.unwrap(), 200).await;
    assert_eq!(tried["dueTimes"][0], saved["nextDue"]);
    let explain = format!("/api/schedules/{}/explain", text(&saved["id"]));
    let told = read(server.get(&explain, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(
        (&told["holds"][0]["kind"], &told["holds"][0]["name"]),
        (&json!("calendar"), &json!("Holidays"))
    );

    // A change of the calendar makes it due anew.
    let present = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    let none = json!({"name": "Holidays", "csv": "", "revision": present["revision"]});
    let changed = read(server.put(&path, &admin.token, &none).send().await.unwrap(), 200).await;
    assert_eq!((&changed["days"], &changed["weekend"]), (&json!([]), &json!([])));
    problem(server.put(&path, &admin.token, &none).send().await.unwrap(), 412).await;
    let schedule = format!("/api/schedules/{}", text(&saved["id"]));
    let now = read(server.get(&schedule, &admin.token).send().await.unwrap(), 200).await;
    assert!(text(&now["nextDue"]).ends_with("-01-01T09:00:00Z"), "{now}");

    let used = problem(server.delete(&path, &admin.token).send().await.unwrap(), 409).await;
    assert_eq!(used["code"], "calendar.in_use");
    assert_eq!(server.delete(&schedule, &admin.token).send().await.unwrap().status(), 204);
    assert_eq!(server.delete(&path, &admin.token).send().await.unwrap().status(), 204);
    problem(server.get(&path, &admin.token).send().await.unwrap(), 404).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_calendar_is_named() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for (body, field) in [
        (json!({"name": ""}), "name"),
        (json!({"name": "x", "weekend": ["caturday"]}), "weekend.0"),
        (json!({"name": "x", "weekend": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}), "weekend"),
        (json!({"name": "x", "days": [{"date": "2026-01-01", "until": "2027-01-01"}]}), "days.0.until"),
        (json!({"name": "x", "icalendar": "nonsense"}), "icalendar"),
        (json!({"name": "x", "csv": "tomorrow"}), "csv"),
        (json!({"name": "x", "csv": "", "icalendar": ""}), "days"),
    ] {
        let refused = server.post("/api/calendars", &admin.token, &body).send().await.unwrap();
        assert_eq!(problem(refused, 422).await["field"], field, "{body}");
    }
}

#[tokio::test]
async fn who_writes_schedules_does_not_write_calendars() {
    let server = TestServer::start().await;
    let developer = server.person("dev", Role::Developer).await;
    let refused =
        server.post("/api/calendars", &developer.token, &json!({"name": "x"})).send().await.unwrap();
    problem(refused, 403).await;
    read(server.get("/api/calendars", &developer.token).send().await.unwrap(), 200).await;
    // Nor schedules that are due more often than the role may set.
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let often = json!({"packageId": package, "cronExpression": "*/5 * * * * *"});
    let refused = server.post("/api/schedules", &developer.token, &often).send().await.unwrap();
    assert_eq!(problem(refused, 422).await["field"], "cronExpression");
    read(server.post("/api/schedules", &admin.token, &often).send().await.unwrap(), 201).await;
}
