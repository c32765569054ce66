"""An LMS's dialect: verified claims to a :class:`Launch`, a :class:`Grade` to a request. After this no code asks which LMS it was.

``standard`` follows the specifications so strictly that Moodle 4.5 takes it as it is; a product's file would hold only its
difference, with the recorded case as the reason.
"""

from adapters.lms.shapes import Grade, GradeRequest, Launch, LaunchRefused, Role

__all__ = ["Grade", "GradeRequest", "Launch", "LaunchRefused", "Role"]
