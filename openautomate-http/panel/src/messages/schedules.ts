import texts from './en/schedules.json';
import { add } from './all';

add({ schedules: texts });
