use serde_json::json;

use crate::server::{TestServer, problem, read, text};

#[tokio::test]
async fn a_schedule_in_the_shape_of_the_design() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let body = json!({
        "packageId": package, "cronExpression": "0 9 * * MON-FRI", "timeZone": "Europe/Berlin",
        "name": "each workday", "inputs": {"name": "Ada"}, "overlap": "allow", "misfire": "skip",
    });
    let made = server.post("/api/schedules", &admin.token, &body).send().await.unwrap();
    let location = made.headers()["location"].to_str().unwrap().to_owned();
    let made = read(made, 201).await;
    for field in ["id", "packageId", "cronExpression", "isActive", "createdById", "createdAt", "nextDue"] {
        assert!(!made[field].is_null(), "{field}: {made}");
    }
    assert_eq!(made["createdById"], json!(admin.id));
    let pause =
        json!({"packageId": package, "cronExpression": "0 9 * * MON-FRI", "isActive": false, "revision": 0});
    let paused = read(server.put(&location, &admin.token, &pause).send().await.unwrap(), 200).await;
    assert_eq!((&paused["isActive"], &paused["nextDue"]), (&json!(false), &json!(null)));
    assert_eq!((&paused["name"], &paused["timeZone"]), (&json!("each workday"), &json!("UTC")));
    problem(server.put(&location, &admin.token, &pause).send().await.unwrap(), 412).await;
    let firings =
        read(server.get(&format!("{location}/firings"), &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(firings, json!({"items": [], "next": null}));
    let list = read(
        server.get(&format!("/api/schedules?packageId={package}"), &admin.token).send().await.unwrap(),
        200,
    )
    .await;
    assert_eq!(list["items"][0]["id"], paused["id"]);
    assert_eq!(server.delete(&location, &admin.token).send().await.unwrap().status(), 204);
    problem(server.get(&location, &admin.token).send().await.unwrap(), 404).await;
}

#[tokio::test]
async fn an_expression_is_tried_before_it_is_used() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let try_it = |body: serde_json::Value| server.post("/api/schedules/preview", &admin.token, &body).send();
    let body = json!({"cronExpression": "30 7 1 1 *", "timeZone": "Europe/Berlin", "count": 3});
    let told = read(try_it(body).await.unwrap(), 200).await;
    let times: Vec<String> = told["dueTimes"].as_array().unwrap().iter().map(text).collect();
    assert_eq!(times.len(), 3);
    assert!(times.iter().all(|time| time.ends_with("-01-01T06:30:00Z")), "{times:?}");
    assert_eq!(
        problem(try_it(json!({"cronExpression": "x"})).await.unwrap(), 422).await["field"],
        "cronExpression"
    );
    assert_eq!(
        problem(try_it(json!({"cronExpression": "* * * * *", "count": 101})).await.unwrap(), 422).await["field"],
        "count"
    );
}

#[tokio::test]
async fn clock_changes_are_warned_of() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let body = |expression: &str| json!({"packageId": package, "cronExpression": expression, "timeZone": "Europe/Berlin", "dstOverlap": "both"});
    let made =
        read(server.post("/api/schedules", &admin.token, &body("30 2 * * *")).send().await.unwrap(), 201)
            .await;
    let warnings: Vec<String> =
        made["warnings"].as_array().unwrap().iter().map(|w| text(&w["message"])).collect();
    assert_eq!(warnings.len(), 2, "{made}");
    assert!(warnings.iter().any(|w| w.contains("02:30:00 does not exist")), "{warnings:?}");
    assert!(warnings.iter().any(|w| w.contains("comes twice")), "{warnings:?}");
    let calm =
        read(server.post("/api/schedules", &admin.token, &body("30 4 * * *")).send().await.unwrap(), 201)
            .await;
    assert_eq!(calm["warnings"], json!([]));
    let path = format!("/api/schedules/{}/preview?count=2", text(&made["id"]));
    let shown = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(shown["dueTimes"][0], made["nextDue"]);
    assert_eq!(
        (shown["fireTimes"].as_array().unwrap().len(), shown["clockChanges"].as_array().unwrap().len()),
        (2, 2)
    );
    assert_eq!(shown["shortestIntervalSeconds"], json!(86_400));
}

#[tokio::test]
async fn a_schedule_is_paused_with_the_reason_run_and_explained() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let body = json!({"packageId": package, "cronExpression": "0 0 1 1 *", "jitterMs": 60_000});
    let made = read(server.post("/api/schedules", &admin.token, &body).send().await.unwrap(), 201).await;
    let path = format!("/api/schedules/{}", text(&made["id"]));
    let post = |action: &str, body: serde_json::Value| {
        server.post(&format!("{path}/{action}"), &admin.token, &body).send()
    };
    assert_eq!(problem(post("pause", json!({"reason": " "})).await.unwrap(), 422).await["field"], "reason");
    let paused = read(post("pause", json!({"reason": "month-end"})).await.unwrap(), 200).await;
    assert_eq!((&paused["isActive"], &paused["pause"]["reason"]), (&json!(false), &json!("month-end")));
    assert_eq!(paused["pause"]["by"]["kind"], "user");
    problem(post("pause", json!({"reason": "again"})).await.unwrap(), 409).await;
    // A change that says nothing of it leaves it paused.
    let update = json!({"packageId": package, "cronExpression": "0 0 1 2 *", "revision": paused["revision"]});
    let changed = read(server.put(&path, &admin.token, &update).send().await.unwrap(), 200).await;
    assert_eq!(changed["pause"]["reason"], "month-end");
    let explain = || async {
        read(server.get(&format!("{path}/explain"), &admin.token).send().await.unwrap(), 200).await
    };
    assert_eq!(explain().await["holds"][0]["kind"], "paused");
    let resumed = read(post("resume", json!({})).await.unwrap(), 200).await;
    assert_eq!((&resumed["isActive"], &resumed["pause"]), (&json!(true), &json!(null)));
    assert_eq!(explain().await["holds"], json!([]));
    let run = read(post("run", json!({})).await.unwrap(), 201).await;
    assert_eq!((&run["origin"]["kind"], &run["origin"]["cause"]), (&json!("schedule"), &json!("runNow")));
    assert_eq!(problem(post("run", json!({})).await.unwrap(), 409).await["code"], "schedule.overlap");
    read(post("run?overlap=allow", json!({})).await.unwrap(), 201).await;
    let told = explain().await;
    assert_eq!((&told["holds"][0]["kind"], &told["holds"][0]["policy"]), (&json!("overlap"), &json!("skip")));
    assert_eq!(told["decisions"].as_array().unwrap().len(), 2);
    let first =
        read(server.get(&format!("{path}/firings?limit=1"), &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(first["items"][0]["requestedBy"], json!(admin.id));
    let rest = format!("{path}/firings?limit=1&before={}", text(&first["next"]));
    let rest = read(server.get(&rest, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &json!(null)));
}

#[tokio::test]
async fn a_past_range_is_backfilled_once() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let body = json!({"packageId": package, "cronExpression": "0 6 * * *"});
    let made = read(server.post("/api/schedules", &admin.token, &body).send().await.unwrap(), 201).await;
    let path = format!("/api/schedules/{}/backfill", text(&made["id"]));
    let range =
        |limit: u32| json!({"from": "2026-01-01T00:00:00Z", "to": "2026-01-04T06:00:00Z", "limit": limit});
    let refused = problem(server.post(&path, &admin.token, &range(2)).send().await.unwrap(), 422).await;
    assert_eq!(refused["field"], "to");
    let done = read(server.post(&path, &admin.token, &range(3)).send().await.unwrap(), 200).await;
    assert_eq!((done["executions"].as_array().unwrap().len(), &done["hadOne"]), (3, &json!(0)));
    let again = read(server.post(&path, &admin.token, &range(3)).send().await.unwrap(), 200).await;
    assert_eq!(again, json!({"executions": [], "hadOne": 3, "skipped": 0}));
}
