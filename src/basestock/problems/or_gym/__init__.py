"""Environments of other packages as problems: or-gym's supply chains and newsvendor, faithful or sound.

The faithful mode reproduces the original with its defects; each of them is a replacement stage or term of this
package. The sound mode repairs them. Source: Hubbs et al. 2020, arXiv:2008.06319, version 0.5.0.
"""

from basestock.problems.or_gym.inventory import inventory_management
from basestock.problems.or_gym.network import network_management
from basestock.problems.or_gym.newsvendor import newsvendor

__all__ = ["inventory_management", "network_management", "newsvendor"]
