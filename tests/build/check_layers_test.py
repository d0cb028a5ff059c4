"""Negative controls of check_layers.py: every kind of fault, planted in a made-up graph, must be reported."""

import unittest

from tests.build import check_layers

RULES = """
layer common:            # a comment
layer third_party:
layer storage:           common
layer storage/rocksdb:   common storage
layer client:            common
layer service:           common storage
layer tools:             *
only //third_party:rocksdb: storage/rocksdb
apart //service:server: client
"""

GOOD = {
    "//service:server": {"//service:mailbox", "//service:main.cc"},
    "//service:mailbox": {"//storage:engine", "//common:ids"},
    "//storage/rocksdb:engine": {"//storage:engine", "//third_party:rocksdb"},
    "//storage:engine": {"//common:ids"},
    "//tools:bench": {"//client:client", "//storage/rocksdb:engine"},
    "//client:client": {"//common:ids"},
    "//common:ids": {"//third_party:fmt", "@other//:thing"},
}


def faults_with(changes):
    """The faults of the good graph after `changes` to it; a text's labels are drawn as the query prints them."""
    graph = {**GOOD, **changes}
    text = "digraph mygraph {\n  node [shape=box];\n"
    for label, used in graph.items():
        text += f'  "{label}"\n' + "".join(f'  "{label}" -> "{other}"\n' for other in sorted(used))
    return check_layers.find_faults(check_layers.Rules(RULES), check_layers.parse_graph(text + "}\n"))


class CheckLayersTest(unittest.TestCase):
    def test_a_graph_that_keeps_the_rules_has_no_fault(self):
        self.assertEqual(faults_with({}), [])

    def test_a_direct_use_of_a_forbidden_layer_is_reported(self):
        self.assertEqual(
            faults_with({"//common:ids": {"//storage:engine"}}),
            ["//common:ids uses //storage:engine: layer common may not use storage"],
        )

    def test_a_longer_path_is_a_layer_of_its_own(self):
        self.assertEqual(
            faults_with({"//service:mailbox": {"//storage/rocksdb:engine"}}),
            ["//service:mailbox uses //storage/rocksdb:engine: layer service may not use storage/rocksdb"],
        )

    def test_a_library_of_one_layer_is_refused_to_the_others(self):
        self.assertEqual(
            faults_with({"//storage:engine": {"//third_party:rocksdb"}}),
            ["//storage:engine uses //third_party:rocksdb: not for layer storage"],
        )

    def test_a_forbidden_target_is_found_on_a_roundabout_way(self):
        self.assertIn(
            "//service:server must not reach //client:client: "
            "//service:server -> //service:mailbox -> //tools:bench -> //client:client",
            faults_with({"//service:mailbox": {"//tools:bench"}}),
        )

    def test_a_package_without_a_layer_is_reported(self):
        self.assertEqual(
            faults_with({"//novel:thing": set()}),
            ["//novel:thing is in no layer: add its package to layers.txt"],
        )

    def test_a_rule_without_a_subject_is_reported(self):
        graph = {label: used for label, used in GOOD.items() if "server" not in label}
        graph["//storage/rocksdb:engine"] = set()
        self.assertEqual(
            check_layers.find_faults(check_layers.Rules(RULES), graph),
            [
                "//third_party:rocksdb has an 'only' rule but nothing uses it",
                "//service:server has an 'apart' rule but is not in the graph",
            ],
        )

    def test_an_empty_graph_is_reported(self):
        rules = check_layers.Rules("layer common:")
        self.assertEqual(check_layers.find_faults(rules, {}), ["the graph holds no target of ours"])

    def test_a_rule_that_names_no_layer_is_refused(self):
        with self.assertRaises(ValueError):
            check_layers.Rules("layer common: nonsense")


if __name__ == "__main__":
    unittest.main()
