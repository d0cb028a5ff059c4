#!/usr/bin/env python3
"""Counts the test cases of one or more `bazel test` runs and closes with the line `N passed, N failed`.

usage: count_tests.py NAME=BUILD_EVENTS.json...

Bazel's build events say which tests this very run asked for and where each one's test.xml is. bazel-testlogs alone would
not do: a test that no longer builds leaves the file of an earlier run there. So, beside the cases that failed, these count
as a failure each: a test that ended badly though no case of it failed (a crash, a time-out, a leak found at exit), a test
that never ran, a target that did not build, a run that broke off, and a run without a single test.
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree


def count_cases(path):
    """Returns (passed, failed) of one test.xml; (0, 0) if there is none to read."""
    try:
        cases = list(xml.etree.ElementTree.parse(path).iter("testcase"))
    except (OSError, xml.etree.ElementTree.ParseError):
        return 0, 0
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    return len(cases) - failed, failed


def read_events(path):
    """Yields the build events of a file; none if it is missing, and up to the first torn line if the run was killed."""
    try:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except (OSError, ValueError):
        return


def count_run(path):
    """Returns (passed, failed, complaints) of one run."""
    tests, unbuilt, results, outcome = set(), set(), {}, "broke off"
    for event in read_events(path):
        kind, key = next(iter(event["id"].items()))
        if kind == "targetConfigured" and "testSize" in event.get("configured", {}):
            tests.add(key["label"])
        elif kind == "targetCompleted" and not event.get("completed", {}).get("success"):
            unbuilt.add(key["label"])
        elif kind == "testResult" and "testResult" in event:
            # A later attempt of the same test takes the place of the earlier one.
            results[key["label"], key.get("run"), key.get("shard")] = event["testResult"]
        elif kind == "buildFinished" and "finished" in event:
            outcome = event["finished"]["exitCode"]["name"]

    passed, failed, complaints = 0, 0, []
    for (label, _, _), result in sorted(results.items(), key=lambda item: item[0][0]):
        files = {output["name"]: output["uri"] for output in result.get("testActionOutput", [])}
        good, bad = count_cases(urllib.parse.unquote(urllib.parse.urlparse(files.get("test.xml", "")).path))
        if result["status"] != "PASSED" and bad == 0:
            bad = 1
        if good + bad == 0:
            bad = 1
        if bad:
            complaints.append(f"{label}: {bad} failed ({result['status']})")
        passed, failed = passed + good, failed + bad
    for label in sorted((tests | unbuilt) - {label for label, _, _ in results}):
        complaints.append(f"{label}: {'does not build' if label in unbuilt else 'did not run'}")
        failed += 1
    if failed == 0 and (outcome != "SUCCESS" or passed == 0):
        complaints.append(f"the run itself: {outcome if outcome != 'SUCCESS' else 'no test ran'}")
        failed = 1
    return passed, failed, complaints


def main(arguments):
    total_passed, total_failed = 0, 0
    for argument in arguments:
        name, _, path = argument.partition("=")
        passed, failed, complaints = count_run(path)
        for complaint in complaints:
            print(f"{name}: {complaint}")
        if len(arguments) > 1:
            print(f"{name}: {passed} passed, {failed} failed")
        total_passed, total_failed = total_passed + passed, total_failed + failed
    print(f"{total_passed} passed, {total_failed} failed")
    return 0 if total_passed > 0 and total_failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
