"""The count that closes ./dev test: what passed is counted in cases, and nothing that went wrong is left out."""

import json
import os
import tempfile
import unittest

from tools.dev import count_tests

LABEL = "//common:ids_test"


def configured(label, size="SMALL"):
    return {"id": {"targetConfigured": {"label": label}}, "configured": {"testSize": size} if size else {}}


def completed(label, success=True):
    return {"id": {"targetCompleted": {"label": label}}, "completed": {"success": True} if success else {}}


def finished(name="SUCCESS"):
    return {"id": {"buildFinished": {}}, "finished": {"exitCode": {"name": name}}}


class CountTestsTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def result(self, label, status, cases):
        """A test's result event, with a test.xml of the given inner text; none at all if `cases` is None."""
        outputs = []
        if cases is not None:
            path = self.write(f"{len(os.listdir(self.folder))}.xml", f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
            outputs = [{"name": "test.xml", "uri": "file://" + path}]
        key = {"label": label, "run": 1, "shard": 1, "attempt": 1}
        return {"id": {"testResult": key}, "testResult": {"status": status, "testActionOutput": outputs}}

    def count(self, *events):
        lines = "".join(json.dumps(event) + "\n" for event in events)
        return count_tests.count_run(self.write("events.json", lines))

    def count_one(self, status, cases, outcome="SUCCESS"):
        return self.count(configured(LABEL), completed(LABEL), self.result(LABEL, status, cases), finished(outcome))[:2]

    def test_counts_cases(self):
        self.assertEqual(self.count_one("PASSED", "<testcase name='a'/><testcase name='b'/>"), (2, 0))

    def test_counts_failed_cases(self):
        cases = "<testcase/><testcase><failure/></testcase><testcase><error/></testcase>"
        self.assertEqual(self.count_one("FAILED", cases, "TESTS_FAILED"), (1, 2))

    def test_ignores_xml_inside_a_log(self):
        cases = "<testcase/><system-out><![CDATA[<testcase><failure/></testcase>]]></system-out>"
        self.assertEqual(self.count_one("PASSED", cases), (1, 0))

    def test_a_test_that_fails_after_its_cases_passed_is_a_failure(self):
        self.assertEqual(self.count_one("FAILED", "<testcase/>", "TESTS_FAILED"), (1, 1))

    def test_a_test_that_left_no_cases_is_a_failure(self):
        self.assertEqual(self.count_one("TIMEOUT", None, "TESTS_FAILED"), (0, 1))
        self.assertEqual(self.count_one("PASSED", None), (0, 1))
        self.assertEqual(self.count_one("PASSED", ""), (0, 1))

    def test_a_test_that_did_not_build_is_a_failure(self):
        other = "//common:other_test"
        passed, failed, complaints = self.count(
            configured(LABEL), configured(other), completed(LABEL), completed(other, success=False),
            self.result(LABEL, "PASSED", "<testcase/>"), finished("BUILD_FAILURE"))
        self.assertEqual((passed, failed, complaints), (1, 1, [f"{other}: does not build"]))

    def test_a_test_that_never_ran_is_a_failure(self):
        self.assertEqual(self.count(configured(LABEL), finished("INTERRUPTED")),
                         (0, 1, [f"{LABEL}: did not run"]))

    def test_a_library_that_does_not_build_is_a_failure(self):
        self.assertEqual(self.count(
            configured(LABEL), configured("//common:ids", size=None), completed(LABEL),
            completed("//common:ids", success=False), self.result(LABEL, "PASSED", "<testcase/>"),
            finished("BUILD_FAILURE"))[:2], (1, 1))

    def test_a_later_attempt_replaces_an_earlier_one(self):
        self.assertEqual(self.count(
            configured(LABEL), completed(LABEL), self.result(LABEL, "FAILED", "<testcase><failure/></testcase>"),
            self.result(LABEL, "PASSED", "<testcase/>"), finished())[:2], (1, 0))

    def test_a_run_that_broke_is_a_failure(self):
        self.assertEqual(self.count_one("PASSED", "<testcase/>", "PARSING_FAILURE"), (1, 1))
        self.assertEqual(self.count(), (0, 1, ["the run itself: broke off"]))
        self.assertEqual(count_tests.count_run(os.path.join(self.folder, "missing"))[:2], (0, 1))

    def test_a_run_without_tests_is_a_failure(self):
        self.assertEqual(self.count(finished()), (0, 1, ["the run itself: no test ran"]))


if __name__ == "__main__":
    unittest.main()
