import texts from './en/sessions.json';
import { add } from './all';

add({ sessions: texts });
