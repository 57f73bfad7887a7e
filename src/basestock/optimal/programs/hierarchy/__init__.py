"""Decisions in layers: which sites open, what flows through them, and what is ordered today."""

from basestock.optimal.programs.hierarchy.operational import HierarchicalPolicy
from basestock.optimal.programs.hierarchy.orchestrator import HierarchyPlan, Round, plan_hierarchy
from basestock.optimal.programs.hierarchy.strategic import Design, Site, design_network, strategic_program
from basestock.optimal.programs.hierarchy.tactical import TacticalPlan, plan_flows

__all__ = [
    "Design",
    "HierarchicalPolicy",
    "HierarchyPlan",
    "Round",
    "Site",
    "TacticalPlan",
    "design_network",
    "plan_flows",
    "plan_hierarchy",
    "strategic_program",
]
