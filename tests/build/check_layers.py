#!/usr/bin/env python3
"""Holds a dependency graph against layers.txt.

usage: check_layers.py RULES GRAPH      (GRAPH as `bazel query --output=graph --nograph:factored` prints it)

Prints one line a fault and exits 1 if there is any; a graph that lacks what a rule speaks of is a fault as well, so that
no rule outlives its subject.
"""

import collections
import re
import sys

NODE = re.compile(r'^\s*"([^"]+)"$')
EDGE = re.compile(r'^\s*"([^"]+)" -> "([^"]+)"$')


class Rules:
    """The lines of layers.txt: `layers` maps a path to the set of layers it may use, itself included."""

    def __init__(self, text):
        self.layers, self.only, self.apart = {}, {}, {}
        tables = {"layer": self.layers, "only": self.only, "apart": self.apart}
        for line in text.splitlines():
            line = line.partition("#")[0].strip()
            if not line:
                continue
            verb, rest = line.split(maxsplit=1)
            subject, used = re.fullmatch(r"(\S+):(?:\s+(.*))?", rest).groups()
            tables[verb][subject] = set((used or "").split())
        for layer, used in self.layers.items():
            used.add(layer)
            unknown = used - set(self.layers) - {"*"}
            if unknown:
                raise ValueError(f"layer {layer} uses what is no layer: {' '.join(sorted(unknown))}")

    def layer_of(self, label):
        """The layer of one of our own labels; None if there is none."""
        path = label[2:].partition(":")[0]
        while path and path not in self.layers:
            path = path.rpartition("/")[0]
        return path or None


def parse_graph(text):
    """Returns {label: labels that it names}."""
    graph = collections.defaultdict(set)
    for line in text.splitlines():
        if match := NODE.match(line):
            graph[match[1]]  # pylint: disable=pointless-statement; a node without edges
        elif match := EDGE.match(line):
            graph[match[1]].add(match[2])
            graph[match[2]]  # pylint: disable=pointless-statement
    return dict(graph)


def way_to(graph, start, is_goal):
    """A shortest way from `start` to a label that `is_goal` accepts, as a list of labels; None if there is none."""
    ways, queue = {start: [start]}, collections.deque([start])
    while queue:
        label = queue.popleft()
        if is_goal(label):
            return ways[label]
        for used in sorted(graph.get(label, ())):
            if used not in ways:
                ways[used] = ways[label] + [used]
                queue.append(used)
    return None


def is_ours(label):
    return label.startswith("//") and not label.startswith("//:")


def is_under(label, packages):
    return any(re.match(rf"//{re.escape(path)}[/:]", label) for path in packages)


def find_faults(rules, graph):
    """Returns one line for each fault."""
    faults = []
    if not any(is_ours(label) for label in graph):
        faults.append("the graph holds no target of ours")
    for label in sorted(filter(is_ours, graph)):
        layer = rules.layer_of(label)
        if layer is None:
            faults.append(f"{label} is in no layer: add its package to layers.txt")
            continue
        allowed = rules.layers[layer]
        for used in sorted(graph[label]):
            # Inside a package the edges are its own affair; .proto and .bzl files have no layer of their own.
            used_layer = rules.layer_of(used) if is_ours(used) else None
            if used_layer not in allowed | {None, "third_party"} and "*" not in allowed:
                faults.append(f"{label} uses {used}: layer {layer} may not use {used_layer}")
            if used in rules.only and layer not in rules.only[used]:
                faults.append(f"{label} uses {used}: not for layer {layer}")
    for label in sorted(set(rules.only) - set(graph)):
        faults.append(f"{label} has an 'only' rule but nothing uses it")
    for label, packages in sorted(rules.apart.items()):
        if label not in graph:
            faults.append(f"{label} has an 'apart' rule but is not in the graph")
        elif way := way_to(graph, label, lambda l, p=packages: is_under(l, p)):
            faults.append(f"{label} must not reach {way[-1]}: {' -> '.join(way)}")
    return faults


def main(arguments):
    texts = []
    for path in arguments:
        with open(path, encoding="utf-8") as file:
            texts.append(file.read())
    rules, graph = Rules(texts[0]), parse_graph(texts[1])
    faults = find_faults(rules, graph)
    for fault in faults:
        print(fault)
    print(f"{len(graph)} targets, {len(rules.layers)} layers, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
